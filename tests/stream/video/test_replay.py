"""A recording as a live source."""

from pathlib import Path

import pytest

from stream.status import SourceState
from stream.video.replay import RecordingSource
from tests.stream.clips import MakeClip
from tests.stream.watching import watching


def test_frames_come_at_the_file_s_pace_and_then_it_ends(make_clip: MakeClip) -> None:
    with watching(RecordingSource(make_clip(times_ms=range(0, 400, 40)))) as watch:
        watch.wait_for(SourceState.ENDED)
        assert watch.reason == "The recording came to its end."
        assert watch.mailbox.received == 10
        captured = [captured_at for _, _, captured_at, _ in watch.frames]
        assert captured[-1] - captured[0] == pytest.approx(
            watch.frames[-1][1] - watch.frames[0][1],
            abs=0.01,  # two clocks are read in turn
        )


def test_it_can_play_faster_and_for_ever(make_clip: MakeClip) -> None:
    clip = make_clip(times_ms=range(0, 400, 40))
    with watching(RecordingSource(clip, speed=10, loop=True, source_id="shelf")) as watch:
        watch.wait_for_frames(15)
        assert watch.last is not None
        assert watch.last.source_id == "shelf"
        indices = [index for index, *_ in watch.frames]
        times = [media_time for _, media_time, *_ in watch.frames]
        assert indices == sorted(set(indices))
        assert times == sorted(set(times))
        assert watch.stop() < 1
        assert watch.state is SourceState.ENDED


def test_a_file_that_is_not_there_fails_with_a_sentence(tmp_path: Path) -> None:
    with watching(RecordingSource(tmp_path / "none.mp4")) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason.startswith("There is no file")


def test_stopping_before_the_start_is_no_error(make_clip: MakeClip) -> None:
    source = RecordingSource(make_clip())
    source.stop()
    assert source.status.state is SourceState.ENDED


def test_a_speed_of_nothing_is_refused(make_clip: MakeClip) -> None:
    with pytest.raises(ValueError, match="speed above 0"):
        RecordingSource(make_clip(), speed=0)
