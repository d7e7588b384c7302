"""Compile the core with mypyc: for the wheel (`build_hook.py`), and as a command for the source tree.

The core is what a partition does with its journal: all of `exchange/`, and the rooms of `streams/` that have no I/O;
with it goes what a gateway does for every frame. It becomes one extension with a shim beside each source, so calls
between its modules are calls of C. Both forms give the same bytes, so a machine without a C compiler runs the sources
and is told. `python scripts/compile_core.py` compiles in place when a source is newer than what was compiled from it;
OPENBELL_COMPILE=0 leaves the core interpreted, OPENBELL_COMPILE=always ends a wheel's build where it would be. An -O in
CFLAGS is the compiler's level, 3 when there is none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent
FOLDERS: Final = ("exchange", "streams", "gateway")

COMPILED: Final = (
    "exchange",
    "streams/publication",
    "streams/partition",
    "streams/wire/fast_forms.py",
    "gateway/frames.py",
    "gateway/outbox.py",
)
"""Rooms, and single modules of others. Of `gateway/` the leaves that are called for every frame: what only calls others
gains nothing."""

NOT_COMPILED: Final = (
    "streams/partition/account_view.py",
    "streams/partition/operator_actions.py",
    "streams/partition/queries.py",
    "streams/publication/refusal_sentences.py",
    "streams/publication/status.py",
)
"""Of these rooms. msgspec cannot look into a compiled class, so a module with Structs stays outside; so do those that
work for one question or one refusal and not for every order."""

GROUP: Final = "openbell_core"
SETUP = """
from setuptools import setup
from mypyc.build import mypycify
setup(name="core", packages=[], ext_modules=mypycify({modules!r}, opt_level={level!r}, group_name={group!r}))
"""


class NotCompiled(Exception):
    """The compiler of the core failed; the message holds what it printed."""


def sources() -> list[Path]:
    """The modules of the core; `__init__` holds only a docstring and stays as it is."""
    places = [ROOT / name for name in COMPILED]
    found = {path for place in places for path in (place.rglob("*.py") if place.suffix == "" else [place])}
    outside = {ROOT / name for name in NOT_COMPILED}
    return sorted(path for path in found - outside if path.name != "__init__.py")


def compiled() -> list[Path]:
    """What an earlier compilation left in the tree."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    beside = [path for folder in FOLDERS for path in (ROOT / folder).rglob(f"*{suffix}")]
    return sorted([*beside, *ROOT.glob(f"*__mypyc{suffix}")])


def why_not() -> str:
    """Why the core cannot be compiled here, or an empty string."""
    if os.environ.get("OPENBELL_COMPILE") == "0":
        return "OPENBELL_COMPILE=0"
    if not compiler():
        return f"there is no C compiler ({wanted_compiler()})"
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        return "the C headers of this Python are missing"
    return ""


def must_compile() -> bool:
    """Whether a core that stays interpreted is a failure: an image or a release must not lose it in silence."""
    return os.environ.get("OPENBELL_COMPILE") == "always"


def wanted_compiler() -> str:
    """The C compiler's command: CC, else the one that this Python was built with."""
    return os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"


def compiler() -> str:
    """The C compiler's command if its program is there. Only where CC names none does the system's `cc` stand in."""
    for command in (wanted_compiler(), "" if os.environ.get("CC") else "cc"):
        if command and shutil.which(command.split()[0]):
            return command
    return ""


def optimization_level() -> str:
    """0 to 3. mypyc puts its own -O behind CFLAGS, where it would win over the one that was asked for."""
    asked = re.findall(r"-O([0-3])", os.environ.get("CFLAGS", ""))
    return asked[-1] if asked else "3"


def is_current() -> bool:
    """Whether there is one compiled module for each source and the extension, all of them newer than every source."""
    made = compiled()
    names = {(path.parent, path.name.partition(".")[0]) for path in made}
    if names != {*((path.parent, path.stem) for path in sources()), (ROOT, f"{GROUP}__mypyc")}:
        return False
    return min(path.stat().st_mtime for path in made) >= max(path.stat().st_mtime for path in sources())


def compile_into(target: Path) -> list[Path]:
    """Compile a copy of the sources and put the extension modules below `target`, laid out like the tree.

    Raises:
        NotCompiled: mypyc or the C compiler refused the sources.
    """
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, work / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        modules = [path.relative_to(ROOT).as_posix() for path in sources()]
        (work / "setup.py").write_text(SETUP.format(modules=modules, level=optimization_level(), group=GROUP))
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        environment = os.environ | {"CC": compiler()}
        run = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise NotCompiled(f"{run.stdout}\n{run.stderr}\nmypyc could not compile the core: see above")
        built = [*(path for folder in FOLDERS for path in (work / folder).rglob("*.so")), *work.glob("*.so")]
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


def main() -> int:
    """Bring the compiled core of the source tree up to date."""
    reason = why_not()
    if reason:
        remove_compiled()
        print(f"The core stays interpreted: {reason}.")  # noqa: T201
    elif not is_current():
        print("Compiling the core …", flush=True)  # noqa: T201
        remove_compiled()
        try:
            compile_into(ROOT)
        except NotCompiled as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
