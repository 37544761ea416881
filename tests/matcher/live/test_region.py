import pytest

from matcher.live import Region, SessionSettings
from tests.matcher.live.harness import ManagerHarness
from tests.matcher.world import World, WorldThing, still


def test_what_lies_outside_the_regions_or_is_too_small_is_not_seen() -> None:
    world = World((WorldThing("tea", still(100, 100)), WorldThing("cola", still(400, 100))))
    left_half = Region(((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    for settings, seen in (
        (SessionSettings(regions=(left_half,)), {"tea"}),
        (SessionSettings(smallest=0.2), {"tea", "cola"}),
        (SessionSettings(smallest=0.5), set()),
    ):
        harness = ManagerHarness(world)
        harness.open(settings).play(1.2)
        harness.manager.close()
        assert {name for _, name in harness.story if name} == seen


@pytest.mark.parametrize(
    ("corners", "problem"),
    [(((0, 0), (1, 1)), "3 to 64"), (((0, 0), (1, 0), (1, 1.5)), "outside")],
)
def test_a_region_that_is_none_is_refused(
    corners: tuple[tuple[float, float], ...], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Region(corners)


def test_a_smallest_size_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        SessionSettings(smallest=20)
