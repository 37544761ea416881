"""A manager that is closed at the end."""

from collections.abc import Iterator

import pytest

from tests.matcher.live.harness import TEA, ManagerHarness


@pytest.fixture
def harness() -> Iterator[ManagerHarness]:
    harness = ManagerHarness(TEA)
    yield harness
    harness.manager.close()
