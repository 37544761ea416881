from matcher.imaging.box import Box
from matcher.results import Detection
from tests.matcher.tracking.story import story, watch
from tests.matcher.world import World, WorldFinder, WorldThing, standing, still


def test_copies_side_by_side_are_appearances_of_their_own() -> None:
    world = World(tuple(WorldThing("tea", still(60 + 90 * n, 100)) for n in range(5)))
    confirmed = [step for step in story(watch(WorldFinder(world), 3)) if step[1] == "confirmed"]
    assert len({appearance for appearance, _, _ in confirmed}) == 5


def test_a_product_that_comes_back_in_its_place_is_the_same_appearance() -> None:
    world = World(
        (WorldThing("tea", lambda time: standing(100, 100) if not 2 < time < 4 else None),)
    )
    frames = watch(WorldFinder(world), 6)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]
    assert len(frames[-1].summaries[0].track_ids) == 2


def test_it_is_found_again_after_the_camera_looked_away() -> None:
    def pan(time: float) -> tuple[float, float]:
        return (max(0.0, min(time - 1.0, 1.0, 3.5 - time)) * 400, 0.0)

    world = World((WorldThing("tea", still(100, 100)),), camera=pan)
    frames = watch(WorldFinder(world), 5)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]


def test_another_product_in_the_same_track_revises_the_answer() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    finder = WorldFinder(world, names=lambda _, time: "tea" if time < 2 else "cola")
    assert story(watch(finder, 20))[:3] == [
        ("s-1", "entered", None),
        ("s-1", "confirmed", "tea"),
        ("s-1", "revised", "cola"),
    ]


def test_one_blurred_view_does_not_take_a_name_away() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    finder = WorldFinder(world, names=lambda _, time: None if 2 < time < 3 else "tea")
    assert [kind for _, kind, _ in story(watch(finder, 6))] == ["entered", "confirmed", "left"]


def test_a_part_of_a_named_product_and_a_box_around_several_are_nothing_of_their_own() -> None:
    world = World((WorldThing("tea", still(100, 100)), WorldThing("cola", still(185, 100))))
    around, part = Box(100, 100, 265, 200), Box(110, 150, 160, 200)
    junk = tuple((0.0, Detection(box, 0.9)) for box in (around, part))
    frames = watch(WorldFinder(world, junk=junk), 3)
    assert len([step for step in story(frames) if step[1] == "entered"]) == 2


def test_two_boxes_of_one_product_are_one_appearance() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    larger = Detection(Box(100, 100, 180, 260), 0.9)
    frames = watch(WorldFinder(world, junk=((0.5, larger),)), 3)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]


def test_an_unknown_thing_leaves_when_it_turns_out_to_be_part_of_a_product() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    part = Detection(Box(110, 150, 160, 200), 0.9)
    finder = WorldFinder(world, sees=lambda _, time: time > 2, surveys=False, junk=((0.0, part),))
    assert story(watch(finder, 4)) == [
        ("s-1", "entered", None),
        ("s-2", "entered", None),
        ("s-2", "confirmed", "tea"),
        ("s-1", "left", None),
        ("s-2", "left", "tea"),
    ]
