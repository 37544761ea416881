"""The real pictures, and which tests run beside which others."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.networks import VARIABLE

WORKER = "PYTEST_XDIST_WORKER" in os.environ
if WORKER:
    # Worker processes share the processors. Two pools of threads that spin while they wait for
    # each other take several times as long as one thread per process. Has to precede NumPy.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(name, "1")

# Fixtures of the whole session that are worth having once: one worker takes all who use them.
SHARED_SERVERS = ("ceph", "browser")
# These take longest, and are begun first so that no worker is left with one at the end.
LONG = ("data", "weights")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of compiled networks; workers inherit its name."""
    if not WORKER:
        folder = tempfile.mkdtemp(prefix="skulens-networks-")
        os.environ[VARIABLE] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the group in which one worker runs it, one after another."""
    if not WORKER:
        return
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(group_of(item), []).append(item)
    for name, members in groups.items():
        for item in members:
            item.add_marker(pytest.mark.xdist_group(name))
    items[:] = [item for members in sorted(groups.values(), key=is_short) for item in members]


def group_of(item: pytest.Item) -> str:
    """Name the server that a test shares with tests of other files, else its own file."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    used = {*getattr(item, "fixturenames", ())}
    used |= {value for value in parameters.values() if isinstance(value, str)}
    shared = [server for server in SHARED_SERVERS if server in used]
    return shared[0] if shared else item.nodeid.partition("::")[0]


def is_short(members: list[pytest.Item]) -> bool:
    """Tell whether a group may wait until the long ones have begun."""
    shared = group_of(members[0]) in SHARED_SERVERS
    return not shared and not any(
        item.get_closest_marker(mark) for mark in LONG for item in members
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures and videos that lies beside the checkout."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.fail(f"the real pictures are missing: expected them in {folder}")
    return folder
