"""The release, built and installed as outsiders do it: `python -m tests.release.prepare FOLDER`.

It runs beside the first tests (conftest.py), as politely as a process can, for it takes a core for a minute. It leaves
below FOLDER: `dist/` (the source distribution and the wheel that was made from it with the C compiler), `pure/`
(the wheel made from the tree on a machine without one), `compiled-env/` and `pure-env/` with one of the wheels each and
nothing but what it requires, and a log of each step. The first step that fails ends it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CONSTRAINTS: Final = ROOT / "constraints.txt"
STEP_SECONDS_MAX: Final = 600.0


def main(folder: Path) -> None:
    """Every step, the compiled form first: most tests want it."""
    with_compiler = environment() | {"CFLAGS": "-O0"}
    run(folder, "build", with_compiler, sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(ROOT))
    install(folder, "compiled-env", next((folder / "dist").glob("*.whl")))
    (folder / "no-programs").mkdir()
    without = environment() | {"PATH": str(folder / "no-programs"), "CC": "no-such-compiler"}
    wheel = [sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--constraint", str(CONSTRAINTS)]
    run(folder, "pure", without, *wheel, "--wheel-dir", str(folder / "pure"), str(ROOT))
    install(folder, "pure-env", next((folder / "pure").glob("*.whl")))


def environment() -> dict[str, str]:
    """This process's, without what would change a build or reach into what was installed."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("OPENBELL_", "PYTHON"))}


def install(folder: Path, name: str, wheel: Path) -> None:
    """A new environment that holds a wheel and what it requires."""
    run(folder, name, environment(), sys.executable, "-m", "venv", "--without-pip", str(folder / name))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / name / "bin" / "python"), "install", "--no-compile"]
    run(folder, name, environment(), *pip, "--constraint", str(CONSTRAINTS), str(wheel))


def run(folder: Path, name: str, environ: dict[str, str], *command: str) -> None:
    """One step, its words added to `NAME.log`."""
    with (folder / f"{name}.log").open("ab") as log:
        subprocess.run(command, cwd=folder, env=environ, stdout=log, stderr=log, check=True, timeout=STEP_SECONDS_MAX)


if __name__ == "__main__":
    os.nice(19)
    main(Path(sys.argv[1]))
