"""The shipped networks, exported and compiled once in a run of all tests."""

import os
from contextlib import suppress
from pathlib import Path

# Names the folder that all processes of one run share; `tests/conftest.py` makes it.
VARIABLE = "NETWORKS_OF_THIS_TEST_RUN"


def link_networks(cache: Path) -> Path:
    """Let a cache folder hold the networks of this run, and return it.

    Compiling them takes ten seconds, which each program of the tests would spend anew.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (cache / "networks").symlink_to(os.environ[VARIABLE], target_is_directory=True)
    return cache
