"""Compile `exchange/` with mypyc: a build hook of the wheel, and a command for the source tree.

Both forms of the engine give the same bytes, so a machine without a C compiler gets the interpreted one and is told.
`python scripts/compile_engine.py` compiles in place when a source is newer than what was compiled from it;
OPENBELL_COMPILE=0 leaves the engine interpreted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
SETUP = """
from setuptools import setup
from mypyc.build import mypycify
setup(name="exchange", packages=[], ext_modules=mypycify({modules!r}, opt_level="3", group_name="exchange"))
"""


def sources() -> list[Path]:
    """The modules of the engine; `__init__` holds only a docstring and stays as it is."""
    return sorted(path for path in (ROOT / "exchange").glob("*.py") if path.name != "__init__.py")


def compiled() -> list[Path]:
    """What an earlier compilation left in the tree."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return sorted([*(ROOT / "exchange").glob(f"*{suffix}"), *ROOT.glob(f"exchange__mypyc*{suffix}")])


def why_not() -> str:
    """Why the engine cannot be compiled here, or an empty string."""
    if os.environ.get("OPENBELL_COMPILE", "1") == "0":
        return "OPENBELL_COMPILE=0"
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None and shutil.which("cc") is None:
        return f"there is no C compiler ({compiler})"
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        return "the C headers of this Python are missing"
    return ""


def is_current() -> bool:
    """Whether what was compiled is newer than every source, and there is one for each."""
    made = compiled()
    if len(made) != len(sources()) + 1:
        return False
    return min(path.stat().st_mtime for path in made) >= max(path.stat().st_mtime for path in sources())


def compile_into(target: Path) -> list[Path]:
    """Compile a copy of the sources and put the extension modules below `target`, laid out like the tree."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(ROOT / "exchange", work / "exchange", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        modules = [f"exchange/{path.name}" for path in sources()]
        (work / "setup.py").write_text(SETUP.format(modules=modules))
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        run = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"mypyc could not compile the engine:\n{run.stdout}\n{run.stderr}")
        built = [*(work / "exchange").glob("*.so"), *work.glob("*.so")]
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
    """Adds the compiled engine to a wheel, or to the tree of an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile where it can be done; called by the build backend."""
        reason = why_not()
        if reason:
            self.app.display_warning(f"The engine stays interpreted: {reason}.")
            return
        if version == "editable":
            main()
            return
        target = Path(self.directory) / "engine"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in compile_into(target):
            build_data["force_include"][str(path)] = str(path.relative_to(target))


def main() -> int:
    """Bring the compiled engine of the source tree up to date."""
    reason = why_not()
    if reason:
        remove_compiled()
        print(f"The engine stays interpreted: {reason}.")  # noqa: T201
    elif not is_current():
        print("Compiling the engine …", flush=True)  # noqa: T201
        remove_compiled()
        compile_into(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
