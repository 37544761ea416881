"""The real pictures, and which tests run beside which others."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.networks import VARIABLE

WORKER = "PYTEST_XDIST_WORKER" in os.environ
if WORKER:
    # Worker processes share the processors. Two pools of threads that spin while they wait for
    # each other take several times as long as one thread per process. Has to precede NumPy.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(name, "1")

# One worker takes all who use a server, so that it is started once; told by a test's id.
SHARED_SERVERS = {"ceph": ("ceph",), "browser": ("tests/api/web/", "test_browser.py")}
# These take longest, and are begun first so that no worker is left with one at the end.
LONG = ("data", "weights")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of compiled networks; workers inherit its name. No example is timed."""
    settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
    settings.load_profile("untimed")
    if not WORKER:
        folder = tempfile.mkdtemp(prefix="skulens-networks-")
        os.environ[VARIABLE] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let one worker run the tests of one group, one after another."""
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = group_of
    return scheduler


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the groups first that take long, so that no worker is left with one at the end."""
    if WORKER:
        groups: dict[str, list[pytest.Item]] = {}
        for item in items:
            groups.setdefault(group_of(item.nodeid), []).append(item)
        ordered = sorted(groups.items(), key=lambda group: is_short(*group))
        items[:] = [item for _, members in ordered for item in members]


def group_of(nodeid: str) -> str:
    """Name the server that a test shares with tests of other files, else its own file."""
    for server, signs in SHARED_SERVERS.items():
        if any(sign in nodeid for sign in signs):
            return server
    return nodeid.partition("::")[0]


def is_short(group: str, members: list[pytest.Item]) -> bool:
    """Tell whether a group may wait until the long ones have begun."""
    marks = {mark.name for item in members for mark in item.iter_markers()}
    return group not in SHARED_SERVERS and marks.isdisjoint(LONG)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures and videos that lies beside the checkout."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.fail(f"the real pictures are missing: expected them in {folder}")
    return folder
