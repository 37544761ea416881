"""`video`: events to the letter, outputs, refusals."""

import json
import os
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from stream.video.file import FileSource
from tests.api.shop import Shop
from tests.catalog.support.fakes import pixels
from tests.stream.clips import write_clip

EVENT_KEYS = [
    "sequence", "event", "catalog", "session_id", "appearance_id", "track_id", "product_id",
    "verdict", "probability", "box", "outline", "frame_index", "media_time_s", "timestamp",
    "frame_age_ms", "late", "index_version", "degraded",
]  # fmt: skip


def tea_clip(path: Path, frames: int = 30) -> Path:
    """A clip that shows nothing but tea."""
    pictures = [pixels(1, 64, 48)] * frames
    times = range(0, 40 * frames, 40)
    return write_clip(path, pictures=pictures, times_ms=times, options={"crf": "1"})


@pytest.fixture
def clip(shop: Shop) -> Path:
    return tea_clip(shop.folder / "clip.mp4")


def test_a_product_in_a_video_is_listed_in_a_table(shop: Shop, clip: Path) -> None:
    result = shop.run_ok("video", "shop", clip)
    assert "Green tea" in result.out
    assert "30 frames" in result.out
    assert result.err == ""


def test_events_are_the_contract_to_the_letter(shop: Shop, clip: Path) -> None:
    events = shop.run_ok("video", "shop", clip, "--json").lines
    assert all(list(event) == EVENT_KEYS for event in events)
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["event"] for event in events]
    assert kinds[0] == "entered"
    assert kinds[-1] == "left"
    confirmed = events[kinds.index("confirmed")]
    assert (confirmed["catalog"], confirmed["product_id"]) == ("shop", "tea")
    assert confirmed["verdict"] == "identical"
    assert len(confirmed["box"]) == 4
    assert np.array(confirmed["outline"]).shape == (4, 2)
    assert confirmed["timestamp"].endswith("Z")
    assert isinstance(confirmed["track_id"], int)
    assert (confirmed["late"], confirmed["degraded"]) == (False, False)


def test_the_events_file_holds_what_json_prints(shop: Shop, clip: Path) -> None:
    printed = shop.run_ok("video", "shop", clip, "--json", "--events", "events.jsonl").out
    assert (shop.folder / "events.jsonl").read_text() == printed


def test_the_annotated_video_has_all_frames_and_the_report_is_a_page(
    shop: Shop, clip: Path
) -> None:
    shop.run_ok("video", "shop", clip, "--annotated", "out.mp4", "--report", "report.html")
    drawn = list(FileSource(shop.folder / "out.mp4").frames())
    assert len(drawn) == 30
    assert drawn[0].image.shape == (48, 64, 3)
    assert "Green tea" in (shop.folder / "report.html").read_text()


def test_nothing_is_left_in_the_cache_when_all_is_done(shop: Shop, clip: Path) -> None:
    shop.run_ok("video", "shop", clip, "--events", "events.jsonl")
    assert [p for p in (shop.folder / "cache").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("option", ["--events", "--annotated", "--report"])
def test_a_file_that_is_there_is_not_overwritten_without_force(
    shop: Shop, clip: Path, option: str
) -> None:
    (shop.folder / "out").write_text("precious")
    result = shop.run("video", "shop", clip, option, "out")
    assert result.code == 1
    assert "--force" in result.sentence
    assert (shop.folder / "out").read_text() == "precious"
    shop.run_ok("video", "shop", clip, option, "out", "--force")
    assert (shop.folder / "out").read_bytes() != b"precious"


def test_the_video_itself_is_never_overwritten(shop: Shop, clip: Path) -> None:
    before = clip.read_bytes()
    result = shop.run("video", "shop", clip, "--annotated", clip, "--force")
    assert result.code == 1
    assert clip.read_bytes() == before


def test_two_outputs_in_one_file_are_refused(shop: Shop, clip: Path) -> None:
    result = shop.run("video", "shop", clip, "--events", "out", "--report", "out")
    assert result.code == 1
    assert "twice" in result.sentence


@pytest.mark.parametrize("output", ["missing/events.jsonl", "."])
def test_an_output_that_cannot_be_written_is_refused_first(
    shop: Shop, clip: Path, output: str
) -> None:
    result = shop.run("video", "shop", clip, "--events", output)
    assert result.code == 1
    assert "folder" in result.sentence


def test_a_pipe_or_device_is_never_replaced_by_a_file(shop: Shop, clip: Path) -> None:
    pipe = shop.folder / "pipe"
    os.mkfifo(pipe)
    result = shop.run("video", "shop", clip, "--report", pipe, "--force")
    assert result.code == 1
    assert "plain file" in result.sentence
    assert pipe.is_fifo()


def without_pictures(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "sound only", "folder"])
def test_a_file_without_pictures_is_one_sentence_that_names_it(shop: Shop, kind: str) -> None:
    path = shop.folder / "bad.mp4"
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("no video")
        case "sound only":
            without_pictures(path)
        case "folder":
            path.mkdir()
    result = shop.run("video", "shop", path.name, "--json", "--events", "events.jsonl")
    assert (result.code, result.out) == (1, "")
    assert "bad.mp4" in result.sentence
    assert not (shop.folder / "events.jsonl").exists()


def test_a_video_that_was_cut_off_is_matched_up_to_the_cut(shop: Shop) -> None:
    whole = tea_clip(shop.folder / "whole.ts", frames=100)
    cut = shop.folder / "cut.ts"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    events = shop.run_ok("video", "shop", cut, "--json").lines
    assert {event["product_id"] for event in events} >= {"tea"}
    assert events[-1]["event"] == "left"


def test_a_video_of_one_frame_is_matched(shop: Shop) -> None:
    result = shop.run_ok(
        "video", "shop", tea_clip(shop.folder / "one.mp4", frames=1), "--report", "r"
    )
    assert "1 frame" in result.out


def test_a_video_that_changes_its_size_is_matched_and_drawn(shop: Shop) -> None:
    path = shop.folder / "sizes.ts"
    small = tea_clip(shop.folder / "small.ts", 10).read_bytes()
    pictures = [pixels(1, 128, 96)] * 10
    large = write_clip(
        shop.folder / "large.ts", pictures=pictures, times_ms=range(400, 800, 40), size=(128, 96)
    )
    path.write_bytes(small + large.read_bytes())
    shop.run_ok("video", "shop", path, "--annotated", "out.mp4")
    assert len(list(FileSource(shop.folder / "out.mp4").frames())) > 10


def test_an_empty_catalog_sees_nothing(shop: Shop, clip: Path) -> None:
    shop.run_ok("catalog", "create", "empty")
    assert "no product" in shop.run_ok("video", "empty", clip).out
    for line in shop.run_ok("video", "empty", clip, "--json").out.splitlines():
        assert json.loads(line)["product_id"] is None
