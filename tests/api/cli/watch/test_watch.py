"""`watch`: events to the letter, what a terminal shows, refusals."""

import io
import json
from pathlib import Path
from time import time

import numpy as np
import pytest
from rich.console import Console

from api.cli.watch.view import WatchView
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from matcher.imaging.box import Box
from matcher.live import FrameResult, MessageBatch, SessionStatus
from matcher.live.messages import Counters
from matcher.results import Verdict
from matcher.tracking.events import Event, EventKind
from matcher.tracking.output import OverlayItem
from stream.frame import Frame
from stream.status import SourceState
from tests.api.cli.test_video import EVENT_KEYS, tea_clip
from tests.api.shop import NETWORKS, Shop
from tests.catalog.support.fakes import FakeEncoder


@pytest.fixture
def clip(shop: Shop) -> Path:
    return tea_clip(shop.folder / "clip.mp4")


def test_a_recording_is_watched_at_its_own_pace_and_its_events_are_the_contract(
    shop: Shop, clip: Path
) -> None:
    began = time()
    events = shop.run_ok("watch", "shop", clip, "--json").lines
    assert time() - began > 1.0
    assert all(list(event) == EVENT_KEYS for event in events)
    assert [event["event"] for event in events] == ["entered", "confirmed", "left"]
    assert events[1]["product_id"] == "tea"
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert events[1]["frame_age_ms"] > 0


def test_in_a_pipe_events_come_as_lines_and_counters_at_the_end(shop: Shop, clip: Path) -> None:
    result = shop.run_ok("watch", "shop", clip)
    lines = [line for line in result.out.splitlines() if "tea" in line]
    assert "confirmed" in lines[0]
    assert "Green tea" in lines[0]
    assert "frames/s" in result.out
    assert "ended: The recording came to its end." in result.err


def test_it_stops_after_the_given_seconds_and_everything_leaves(shop: Shop) -> None:
    clip = tea_clip(shop.folder / "long.mp4", frames=250)
    events = shop.run_ok("watch", "shop", clip, "--json", "--seconds", "1.5").lines
    assert [event["event"] for event in events] == ["entered", "confirmed", "left"]


def test_a_recording_can_be_kept_for_a_replay(shop: Shop, clip: Path) -> None:
    shop.run_ok("watch", "shop", clip, "--record", "kept")
    lines = (shop.folder / "kept" / "taken.jsonl").read_text().splitlines()
    assert len(lines) > 5
    assert json.loads(lines[0])["index_version"] > 0


def test_a_recording_played_again_gives_the_same_events_also_when_the_catalog_has_changed(
    shop: Shop, clip: Path
) -> None:
    live = shop.run_ok("watch", "shop", clip, "--record", "kept", "--json").lines
    shop.run_ok("product", "remove", "shop", "tea")
    assert shop.run_ok("watch", "shop", "kept", "--json").lines == live
    assert "confirmed" in shop.run_ok("watch", "shop", "kept").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("other", "kept"), "was recorded of catalog shop"),
        (("shop", "kept", "--seconds", "3"), "is a recording already"),
        (("shop", "empty"), "is no recording"),
    ],
)
def test_what_cannot_be_played_again_is_refused(
    shop: Shop, clip: Path, words: tuple[str, ...], sentence: str
) -> None:
    shop.run_ok("watch", "shop", clip, "--record", "kept")
    shop.run_ok("catalog", "create", "other")
    (shop.folder / "empty").mkdir()
    refused = shop.run("watch", *words)
    assert refused.code == 1
    assert sentence in refused.err


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("file:///etc/passwd", "not allowed"),
        ("gopher://host/", "not allowed"),
        ("missing.mp4", "not allowed"),
        ("rtsp://", "no host"),
    ],
)
def test_an_address_that_is_none_is_one_sentence(shop: Shop, address: str, sentence: str) -> None:
    refused = shop.run("watch", "shop", address)
    assert refused.code == 1
    assert sentence in refused.sentence


def test_a_password_is_never_repeated(shop: Shop) -> None:
    refused = shop.run("watch", "shop", "gopher://user:geheim@host/")
    assert "geheim" not in refused.err + refused.out


def test_a_file_that_is_no_video_fails_with_its_reason(shop: Shop) -> None:
    (shop.folder / "bad.mp4").write_text("no video")
    refused = shop.run("watch", "shop", "bad.mp4")
    assert refused.code == 1
    assert "cannot be opened as a video" in refused.sentence


def test_a_catalog_that_is_not_there_and_a_wrong_transport_are_refused(
    shop: Shop, clip: Path
) -> None:
    assert shop.run("watch", "nosuch", clip).code == 1
    assert shop.run("watch", "shop", clip, "--transport", "pigeon").code == 2


def a_catalog(folder: Path) -> Catalog:
    storage = FolderStorage(folder, durable=False)
    return Catalogs(storage, FakeEncoder(NETWORKS)).create("shop").snapshot()


def an_event(kind: EventKind, product: str | None, moment: float) -> Event:
    return Event(
        1, kind, "shop", "s", "s-1", 1, product, Verdict.IDENTICAL, 0.98, Box(0, 0, 9, 9),
        np.zeros((0, 2), np.float32), 1, moment, "2026-01-01T12:00:00.000Z", 61.0, False, 1, False,
    )  # fmt: skip


def a_note(number: int, product: str | None) -> OverlayItem:
    verdict = Verdict.IDENTICAL if product else Verdict.UNKNOWN
    box = Box(10.0 * number, 0, 10.0 * number + 20, 30)
    return OverlayItem(
        number, f"s-{number}", box, np.zeros((0, 2), np.float32), product, verdict, 0.9
    )


def a_status(state: SourceState, reason: str = "Pictures come.") -> SessionStatus:
    counters = Counters(100, 90, 10, 0, 200, 5, 6, 1, 2, 3, 1, 4, 24.9, 50, 90, 120)
    return SessionStatus("s", "rtsp://host:554/x", "shop", state, reason, 0, 0, counters)


def drawn(view: WatchView, status: SessionStatus, catalog: Catalog, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(view.draw(status, catalog))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def frame(notes: tuple[OverlayItem, ...], events: tuple[Event, ...] = ()) -> MessageBatch:
    frame = Frame("camera", 0, 12.0, 0.0, np.zeros((9, 9, 3), np.uint8))
    newest = FrameResult("s", "shop", frame, notes, events, (), 0.1, False, False)
    return MessageBatch(events, 0, (), (newest,))


def test_the_screen_shows_what_is_in_view_what_happened_and_the_counters(tmp_path: Path) -> None:
    view = WatchView()
    view.take(frame((a_note(1, "tea"),), (an_event(EventKind.CONFIRMED, "tea", 7.0),)))
    text = drawn(view, a_status(SourceState.LIVE), a_catalog(tmp_path))
    assert "● identical  tea" in text
    assert "5 s" in text
    assert "confirmed" in text
    assert "24.9 frames/s" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_screen_of_a_crowded_or_empty_picture_stays_small(tmp_path: Path) -> None:
    view, catalog = WatchView(), a_catalog(tmp_path)
    assert "nothing in view" in drawn(view, a_status(SourceState.CONNECTING), catalog)
    view.take(frame(tuple(a_note(number, None) for number in range(40))))
    text = drawn(view, a_status(SourceState.LIVE), catalog)
    assert "and 28 more" in text
    assert len(text.splitlines()) < 24


@pytest.mark.parametrize("state", list(SourceState))
def test_every_state_is_shown_with_its_reason_and_without_control_characters(
    tmp_path: Path, state: SourceState
) -> None:
    status = a_status(state, "The camera said \x1b[31mno.")
    text = drawn(WatchView(), status, a_catalog(tmp_path))
    assert state.value in text
    assert "\x1b" not in text
