"""One clip with a part exchanged at a time."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.ablation.ablation import Variant
from bench.ablation.clip import measure_clip
from bench.live.video import VideoOptions
from matcher.tracking.events import Event
from stream.video.writer import VideoWriter
from tests.bench.ablation.test_ablation import sized


def black_clip(path: Path) -> Path:
    with VideoWriter(path, 64, 48, 25) as writer:
        for number in range(3):
            writer.write(np.zeros((48, 64, 3), np.uint8), number / 25)
    return path


def test_every_variant_that_is_there_sees_the_clip(tmp_path: Path) -> None:
    seen = []

    def watch(clip: Path, pictures: Path) -> Iterable[Event]:
        seen.append((clip, pictures))
        return []

    variants = [
        Variant("", "", lambda _: sized("p0", 0.0), watch),
        Variant("embedder", "colours", None, None),
        Variant("words", "nothing read", lambda _: sized("p0", 0.0), watch),
    ]
    clip = black_clip(tmp_path / "clip.mp4")
    result = measure_clip(VideoOptions(clip, (), (), tmp_path / "cut"), variants)

    assert [film for film, _ in seen] == [clip, clip]
    assert len({pictures for _, pictures in seen}) == 2
    assert [row[:4] for row in result.table().rows] == [
        ("as shipped", "", "0 of 0", "0 of 0"),
        ("words", "nothing read", "0 of 0", "0 of 0"),
    ]
    assert len(result.to_json()["figures"]) == 2
