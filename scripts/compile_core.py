"""Compile the core with mypyc: a build hook of the wheel, and a command for the source tree.

The core is what a partition does with its journal: all of `exchange/`, and of `streams/` what has no I/O; with it goes
what a gateway does for every frame. It becomes one extension with a shim beside each source, so calls between its
modules are calls of C. Both forms give the same bytes, so a machine without a C compiler runs the sources and is told.
`python scripts/compile_core.py` compiles in place when a source is newer than what was compiled from it;
OPENBELL_COMPILE=0 leaves the core interpreted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "gateway" / "static" / "index.html"
FOLDERS: Final = ("exchange", "streams", "gateway")

OF_STREAMS: Final = (
    "checksum",
    "feed",
    "later",
    "market_data",
    "packing",
    "partition",
    "rendering",
    "report",
    "reports",
    "results",
    "rewind",
    "state",
    "tally",
)
"""The modules of `streams/` that are compiled. msgspec cannot look into a compiled class: its Structs stay outside."""

OF_GATEWAY: Final = ("frames", "outbox")
"""Those of `gateway/`: leaves that are called for every frame. What only calls others gains nothing."""

GROUP: Final = "openbell_core"
SETUP = """
from setuptools import setup
from mypyc.build import mypycify
setup(name="core", packages=[], ext_modules=mypycify({modules!r}, opt_level="3", group_name={group!r}))
"""


def sources() -> list[Path]:
    """The modules of the core; `__init__` holds only a docstring and stays as it is."""
    engine = [path for path in (ROOT / "exchange").glob("*.py") if path.name != "__init__.py"]
    beside = {"streams": OF_STREAMS, "gateway": OF_GATEWAY}
    return sorted([*engine, *(ROOT / folder / f"{name}.py" for folder, names in beside.items() for name in names)])


def compiled() -> list[Path]:
    """What an earlier compilation left in the tree."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    beside = [path for folder in FOLDERS for path in (ROOT / folder).glob(f"*{suffix}")]
    return sorted([*beside, *ROOT.glob(f"*__mypyc{suffix}")])


def why_not() -> str:
    """Why the core cannot be compiled here, or an empty string."""
    if os.environ.get("OPENBELL_COMPILE", "1") == "0":
        return "OPENBELL_COMPILE=0"
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None and shutil.which("cc") is None:
        return f"there is no C compiler ({compiler})"
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        return "the C headers of this Python are missing"
    return ""


def is_current() -> bool:
    """Whether there is one compiled module for each source and the extension, all of them newer than every source."""
    made = compiled()
    names = {(path.parent, path.name.partition(".")[0]) for path in made}
    if names != {*((path.parent, path.stem) for path in sources()), (ROOT, f"{GROUP}__mypyc")}:
        return False
    return min(path.stat().st_mtime for path in made) >= max(path.stat().st_mtime for path in sources())


def compile_into(target: Path) -> list[Path]:
    """Compile a copy of the sources and put the extension modules below `target`, laid out like the tree."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, work / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        modules = [path.relative_to(ROOT).as_posix() for path in sources()]
        (work / "setup.py").write_text(SETUP.format(modules=modules, group=GROUP))
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        run = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"mypyc could not compile the core:\n{run.stdout}\n{run.stderr}")
        built = [*(path for folder in FOLDERS for path in (work / folder).glob("*.so")), *work.glob("*.so")]
        return [move(path, target / path.relative_to(work)) for path in built]


def move(built: Path, place: Path) -> Path:
    """Put a built module in its place in one step: a running process keeps the file it has open."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.new")
    shutil.copy2(built, fresh)
    fresh.replace(place)
    return place


def remove_compiled() -> None:
    """Leave the tree interpreted rather than with modules that are older than their sources."""
    for path in compiled():
        path.unlink()


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the compiled core to a wheel, or to the tree of an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile where it can be done; called by the build backend. A wheel has the screen in it or is none."""
        if version != "editable" and not PAGE.is_file():
            raise RuntimeError("gateway/static holds no screen: run `make build` before building a wheel")
        reason = why_not()
        if reason:
            self.app.display_warning(f"The core stays interpreted: {reason}.")
            return
        if version == "editable":
            main()
            return
        target = Path(self.directory) / "core"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in compile_into(target):
            build_data["force_include"][str(path)] = str(path.relative_to(target))


def main() -> int:
    """Bring the compiled core of the source tree up to date."""
    reason = why_not()
    if reason:
        remove_compiled()
        print(f"The core stays interpreted: {reason}.")  # noqa: T201
    elif not is_current():
        print("Compiling the core …", flush=True)  # noqa: T201
        remove_compiled()
        compile_into(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
