"""Outputs that a video job must not write."""

from pathlib import Path

import pytest

from api.errors import Refused
from api.video.job import VideoRequest, refuse_same_file


def test_an_output_that_is_the_video_is_refused(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"video")
    (tmp_path / "link.mp4").symlink_to(video)
    for path in (video, tmp_path / "link.mp4"):
        with pytest.raises(Refused, match="is the video itself"):
            refuse_same_file(VideoRequest(video, annotated=path))


def test_two_outputs_of_one_name_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Refused, match="is named twice"):
        refuse_same_file(VideoRequest(tmp_path / "clip.mp4", events=out, report=out))
