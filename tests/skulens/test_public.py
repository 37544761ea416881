"""Names and costs of `import skulens`."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import skulens

ROOT = Path(__file__).parents[2]


def run_python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_all_names_every_public_name_and_no_other() -> None:
    public = {
        name
        for name, value in vars(skulens).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert sorted(public) == list(skulens.__all__)


@pytest.mark.parametrize("name", skulens.__all__)
def test_the_page_about_it_has_every_name(name: str) -> None:
    assert f"`{name}" in (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", skulens.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    if name != "Verdict":
        assert (getattr(skulens, name).__doc__ or "").strip()


def test_it_is_typed() -> None:
    assert (Path(skulens.__file__).parent / "py.typed").is_file()


def test_importing_it_loads_neither_arrays_nor_networks() -> None:
    modules = run_python("-c", "import sys, skulens; print(sorted(sys.modules))")
    for heavy in ("numpy", "torch", "cv2", "av", "openvino", "typer", "pydantic"):
        assert f"'{heavy}'" not in modules, heavy


def test_the_module_runs_the_command_line() -> None:
    assert run_python("-m", "skulens", "--version") == "skulens 0.1.0\n"
