"""The rules for products found in a video, on labels and events made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.appearances import (
    LABELS,
    CatalogCrop,
    KeyBox,
    LabelledAppearance,
    read_appearances,
    read_crops,
)
from bench.errors import BenchError
from bench.live.video import (
    ScoredEvent,
    VideoOptions,
    cut_references,
    measure_video,
    read_events,
    score_video,
    to_scored_event,
)
from matcher.imaging.box import Box
from matcher.results import Verdict
from matcher.tracking.events import Event, EventKind

RATE = 10.0
MILK = LabelledAppearance(
    "milk", "milk", True, ((KeyBox(1.0, Box(0, 0, 100, 100)), KeyBox(3.0, Box(200, 0, 300, 100))),)
)
JUICE = LabelledAppearance("juice", "juice", True, ((KeyBox(0.0, Box(500, 0, 600, 100)),) * 1,))
CROPS = (CatalogCrop("milk", 100, Box(0, 0, 9, 9)),)  # at 10 s, away from everything


def scored(
    product: str | None, time_s: float, x: float, *, last: bool = False, who: str = "a"
) -> ScoredEvent:
    return ScoredEvent(who, product, last, time_s, Box(x - 5, 45, x + 5, 55))


def test_a_box_moves_in_a_straight_line_between_key_boxes() -> None:
    assert list(MILK.boxes_at(2.0)) == [Box(100, 0, 200, 100)]
    assert list(MILK.boxes_at(3.0)) == [Box(200, 0, 300, 100)]
    assert list(MILK.boxes_at(0.9)) == []
    assert list(MILK.boxes_at(3.1)) == []


def test_a_right_answer_in_the_right_place_finds_the_appearance() -> None:
    result = score_video([scored("milk", 2.0, 150)], [MILK, JUICE], CROPS, RATE)
    assert result.found == ("milk",)
    assert result.missed == ("juice",)
    assert result.found_share == 0.5
    assert result.wrong == ()


def test_a_wrong_name_is_reported_with_what_is_shown_there() -> None:
    result = score_video([scored("juice", 2.0, 150)], [MILK], CROPS, RATE)
    assert result.found == ()
    assert [(name.named, name.shown) for name in result.wrong] == [("juice", ("milk",))]
    assert result.wrong_share == 1.0


def test_a_name_where_nothing_is_labelled_is_wrong() -> None:
    result = score_video([scored("milk", 2.0, 400)], [MILK], CROPS, RATE)
    assert [name.shown for name in result.wrong] == [()]


def test_a_wrong_name_counts_even_if_it_is_revised() -> None:
    events = [scored("juice", 1.5, 100), scored("milk", 2.0, 150)]
    result = score_video(events, [MILK], CROPS, RATE)
    assert result.found == ("milk",)
    assert (result.reported, len(result.wrong)) == (1, 1)


def test_each_reported_appearance_counts_once_among_the_wrong() -> None:
    events = [
        scored("juice", 1.5, 100),
        scored("juice", 1.8, 100),
        scored("milk", 2.0, 150, who="b"),
        scored(None, 2.0, 150, who="c"),
    ]
    result = score_video(events, [MILK], CROPS, RATE)
    assert result.wrong_share == 0.5


def test_where_it_was_last_seen_finds_but_is_never_wrong() -> None:
    away = [scored("milk", 1.5, 50), scored("milk", 2.0, 900, last=True)]
    assert score_video(away, [MILK], CROPS, RATE).wrong == ()
    late = [scored(None, 1.2, 20), scored("milk", 2.5, 200, last=True)]
    assert score_video(late, [MILK], CROPS, RATE).found == ("milk",)


def test_labels_are_exact_to_a_third_of_a_second() -> None:
    assert score_video([scored("milk", 0.8, 10)], [MILK], CROPS, RATE).found == ("milk",)
    assert score_video([scored("milk", 0.6, 10)], [MILK], CROPS, RATE).found == ()


def test_being_found_only_where_the_reference_was_cut_proves_nothing() -> None:
    crops = (CatalogCrop("milk", 20, Box(0, 0, 9, 9)),)  # at 2 s
    there = [scored("milk", 2.1, 160), scored("milk", 2.2, 170, last=True)]
    assert score_video(there, [MILK], crops, RATE).found == ()
    longer = [scored("milk", 2.1, 160), scored("milk", 2.6, 210, last=True)]
    assert score_video(longer, [MILK], crops, RATE).found == ("milk",)
    wrong = score_video(there, [MILK], crops, RATE)
    assert (wrong.reported, wrong.wrong) == (1, ())


def test_a_name_that_is_taken_back_near_the_crop_proves_nothing() -> None:
    crops = (CatalogCrop("milk", 20, Box(0, 0, 9, 9)),)
    events = [scored("milk", 2.0, 150), scored(None, 2.2, 170), scored(None, 2.9, 200, last=True)]
    assert score_video(events, [MILK], crops, RATE).found == ()


def test_appearances_without_a_crop_of_their_own_are_counted_apart() -> None:
    crops = (CatalogCrop("milk", 20, Box(0, 0, 9, 9)),)
    second = replace(MILK, appearance_id="again", tracks=((KeyBox(8.0, Box(0, 0, 9, 9)),),))
    result = score_video([scored("milk", 8.0, 5)], [MILK, second], crops, RATE)
    assert result.elsewhere == (1, 0)
    near = ScoredEvent("a", "milk", False, 8.0, Box(0, 0, 9, 9))
    assert score_video([near], [MILK, second], crops, RATE).elsewhere == (1, 1)


def test_optional_appearances_need_not_be_found_but_may_be_named() -> None:
    optional = replace(MILK, required=False)
    result = score_video([scored("milk", 2.0, 150)], [optional, JUICE], CROPS, RATE)
    assert (result.required, result.found, result.wrong) == (1, (), ())


def test_no_event_at_all_finds_nothing_and_names_nothing_wrong() -> None:
    result = score_video([], [MILK], CROPS, RATE)
    assert (result.found_share, result.wrong_share) == (0.0, 0.0)
    assert result.table().rows
    assert result.to_json()["missed"] == ("milk",)


def event_line(kind: str, verdict: str) -> str:
    return json.dumps(
        {
            "event": kind,
            "appearance_id": "a",
            "product_id": "milk",
            "verdict": verdict,
            "media_time_s": 2.0,
            "box": [145, 45, 155, 55],
        }
    )


def test_events_are_read_as_the_command_line_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(event_line("confirmed", "identical") + "\n" + event_line("left", "similar"))
    assert read_events(path) == [scored("milk", 2.0, 150), scored(None, 2.0, 150, last=True)]


def test_malformed_events_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("{}")
    with pytest.raises(BenchError, match="cannot read events"):
        read_events(path)


def event(product_id: str, verdict: Verdict) -> Event:
    nothing = np.zeros((0, 2), np.float32)
    place = Box(145, 45, 155, 55)
    about = ("shop", "session", "a", 1, product_id, verdict, 0.9, place, nothing)
    return Event(1, EventKind.CONFIRMED, *about, 20, 2.0, "", 0.0, False, 1, False)


def test_an_event_is_an_answer_only_when_identical() -> None:
    assert to_scored_event(event("milk", Verdict.IDENTICAL)) == scored("milk", 2.0, 150)
    assert to_scored_event(event("milk", Verdict.SIMILAR)).product_id is None


def test_the_labels_of_the_soda_clip_are_sound() -> None:
    appearances = read_appearances(LABELS / "soda_appearances.json")
    crops = read_crops(LABELS / "soda_catalog.json")
    products = {crop.product_id for crop in crops}
    assert len(products) == 10
    assert sum(appearance.required for appearance in appearances) == 24
    assert {appearance.product_id for appearance in appearances} == products
    assert len({appearance.appearance_id for appearance in appearances}) == len(appearances)
    for appearance in appearances:
        for track in appearance.tracks:
            times = [key.time_s for key in track]
            assert times == sorted(set(times))
            assert all(key.box.area > 0 for key in track)
    for crop in crops:
        shown = [
            appearance for appearance in appearances if appearance.product_id == crop.product_id
        ]
        moment = crop.frame_index / 29.97
        places = [box for appearance in shown for box in appearance.boxes_at(moment)]
        assert max(box.iou(crop.box) for box in places) > 0.5, crop


def test_missing_and_malformed_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot read appearances"):
        read_appearances(tmp_path / "none.json")
    path = tmp_path / "labels.json"
    path.write_text('{"appearances": [{}], "crops": [{}]}')
    with pytest.raises(BenchError, match="malformed"):
        read_appearances(path)
    with pytest.raises(BenchError, match="malformed"):
        read_crops(path)


@pytest.mark.data
def test_references_are_cut_from_the_clip_and_events_scored(
    shared_data: Path, tmp_path: Path
) -> None:
    crop = CatalogCrop("cha-mate", 8, Box(928, 0, 1122, 390))
    appearances = read_appearances(LABELS / "soda_appearances.json")
    video = shared_data / "videos" / "soda_shelf_tiagoapolo_MIT.ts"
    options = VideoOptions(video, (crop,), appearances, tmp_path / "catalog")

    def watch(video_: Path, catalog: Path) -> list[Event]:
        assert video_ == video
        assert [path.name for path in (catalog / "cha-mate").iterdir()] == ["00008.png"]
        seen = event("cha-mate", Verdict.IDENTICAL)
        return [replace(seen, box=Box(960, 30, 1100, 380), media_time_s=0.8)]

    result = measure_video(options, watch)
    assert result.found == ("shelf-tea/cha-mate",)
    assert result.wrong == ()


@pytest.mark.data
def test_a_crop_of_a_frame_that_is_not_there_is_refused(shared_data: Path, tmp_path: Path) -> None:
    video = shared_data / "videos" / "bottles_intel_CCBY4.mp4"
    with pytest.raises(BenchError, match="no frame 999999"):
        cut_references(video, [CatalogCrop("x", 999_999, Box(0, 0, 9, 9))], tmp_path)
