"""The screen's own unit tests and its types, run as its developers run them."""

from __future__ import annotations

import os
import subprocess

import build_web
import pytest
import web_types

SECONDS_MAX = 100


def npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run npm in web/."""
    try:
        node = build_web.find_node()
    except build_web.NotBuilt as error:
        pytest.skip(str(error))
    build_web.install(node)
    environment = os.environ | {"PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    command = [*node.npm, *arguments]
    return subprocess.run(
        command, cwd=build_web.WEB, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


def test_the_state_modules_pass_their_tests() -> None:
    """Vitest finds nothing wrong with feed, book, orders and the other modules without a DOM."""
    told = npm("test", "--silent")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_types_agree() -> None:
    """TypeScript finds nothing wrong, tests included."""
    told = npm("run", "--silent", "check")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_protocol_is_the_gateways() -> None:
    """web/src/protocol.ts is what scripts/web_types.py makes of the gateway's descriptions today."""
    assert web_types.TARGET.read_text("utf-8") == web_types.source(web_types.described())


def test_the_lock_file_names_no_registry() -> None:
    """Whoever builds uses the registry that npm is set up with, not the one of whoever locked."""
    lock = (build_web.WEB / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
