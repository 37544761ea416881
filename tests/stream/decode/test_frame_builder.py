"""From decoded pictures to frames."""

import numpy as np
import pytest
from av.video.frame import VideoFrame

from stream.decode.frame_builder import FrameBuilder, FrameLimits
from stream.errors import SourceError
from stream.frame import Frame
from stream.mailbox import Mailbox
from stream.status import SourceState, StatusReporter
from tests.stream.films import interlaced_frames


def picture(width: int = 64, height: int = 48) -> VideoFrame:
    return VideoFrame.from_ndarray(np.full((height, width, 3), 90, np.uint8), "rgb24")


def make_builder(mailbox: Mailbox, reporter: StatusReporter | None = None) -> FrameBuilder:
    reporter = reporter or StatusReporter()
    return FrameBuilder("cam", mailbox, reporter, FrameLimits(), awaits_key_frame=False)


def taken(mailbox: Mailbox) -> Frame:
    frame = mailbox.take(0)
    assert frame is not None
    return frame


def media_times(times: list[float | None]) -> list[float]:
    """The media times of frames built from presentation times that arrive 40 ms apart."""
    mailbox, found = Mailbox(), []
    builder = make_builder(mailbox)
    for number, time in enumerate(times):
        builder.add(picture(), 1000 + number * 0.04, time, None)
        found.append(round(taken(mailbox).media_time, 3))
    return found


def test_a_picture_becomes_a_numbered_frame() -> None:
    mailbox, reporter = Mailbox(), StatusReporter()
    builder = make_builder(mailbox, reporter)
    for _ in range(2):
        builder.add(picture(), 1000.0, None, None)
    frame = taken(mailbox)
    assert (frame.source_id, frame.index, frame.captured_at) == ("cam", 1, 1000.0)
    assert frame.image.shape == (48, 64, 3)
    assert reporter.status.state is SourceState.LIVE
    assert reporter.status.reason == "Pictures of 64x48 come."


def test_media_time_follows_the_pictures_own_clock() -> None:
    assert media_times([7.0, 7.05, 7.06, 7.12]) == [0, 0.05, 0.06, 0.12]


def test_without_a_clock_it_follows_the_arrival() -> None:
    assert media_times([None, None, None]) == [0, 0.04, 0.08]


@pytest.mark.parametrize("jump", [-1000.0, 1000.0])
def test_timestamps_that_jump_do_not_make_it_jump(jump: float) -> None:
    found = media_times([0.0, 0.04, 0.08 + jump, 0.12 + jump])
    assert found == sorted(found)
    assert found[-1] <= 0.16


@pytest.mark.parametrize(
    ("width", "height", "reason"), [(7680, 4320, "too large"), (8, 8, "too small")]
)
def test_sizes_that_make_no_sense_are_refused(width: int, height: int, reason: str) -> None:
    with pytest.raises(SourceError, match=f"{width}x{height} are {reason}"):
        make_builder(Mailbox()).add(picture(width, height), 0.0, None, None)


def test_damage_is_counted_and_hides_what_builds_on_it() -> None:
    mailbox, reporter = Mailbox(), StatusReporter()
    builder = make_builder(mailbox, reporter)
    builder.note_damage()
    builder.add(picture(), 0.0, None, None)
    assert mailbox.is_empty
    assert reporter.status.corrupt == 2


def test_world_an_interlaced_picture_keeps_its_number_and_times_until_the_next_one_comes() -> None:
    scenes = [np.full((48, 64, 3), level, np.uint8) for level in range(0, 200, 20)]
    mailbox, found = Mailbox(), []
    builder = make_builder(mailbox)
    woven = interlaced_frames(scenes, top_first=True)
    for number, frame in enumerate([*woven, picture(), picture()]):
        builder.add(frame, 1000 + number, number * 0.04, None)
        while not mailbox.is_empty:
            ready = taken(mailbox)
            found.append((ready.index, round(ready.media_time, 2)))
    assert found[:4] == [(0, 0.0), (1, 0.04), (2, 0.08), (3, 0.12)]
    assert found[-1] == (6, 0.24)
    assert mailbox.received == 7


def test_world_colours_that_are_not_known_stall_the_source_with_the_reason() -> None:
    mailbox, reporter = Mailbox(), StatusReporter()
    builder = make_builder(mailbox, reporter)
    for _ in range(2):
        odd = picture().reformat(format="yuv420p")
        odd.colorspace = 8
        builder.add(odd, 1000.0, None, None)
        assert mailbox.take(0) is None
    assert reporter.status.state is SourceState.STALLED
    assert reporter.status.reason.startswith("Its colours are coded in a way that is not known")
    builder.add(picture(), 1000.0, None, None)
    taken(mailbox)
    builder.add(picture(), 1000.0, None, None)
    assert reporter.status.reason == "Pictures of 64x48 come."
