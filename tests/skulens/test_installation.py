import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
NOT_INSTALLED = {"__pycache__", "README.md"}


def test_pip_installs_every_package_and_the_weights() -> None:
    included = {name.rstrip("*") for name in SETUPTOOLS["packages"]["find"]["include"]}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert included == packages | {"weights"}


def test_pip_installs_every_file_that_the_packages_read() -> None:
    data = SETUPTOOLS["package-data"]
    for package in (name.rstrip("*") for name in SETUPTOOLS["packages"]["find"]["include"]):
        folder = ROOT / package
        installed = {path for glob in data.get(package, []) for path in folder.glob(glob)}
        for path in folder.rglob("*"):
            is_code = path.suffix in (".py", ".pyc") or path.is_dir()
            assert is_code or path in installed or path.name in NOT_INSTALLED, path
