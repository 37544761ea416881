"""The written clip."""

from functools import cache
from pathlib import Path

import av
import numpy as np

from tests.training import shop
from training.render.clip import make_film, render_clip
from training.render.scene.film import ShopFilm


@cache
def film() -> ShopFilm:
    return make_film(shop.products(), shop.stranger(), shop.SEED, 640, 360)


def test_the_written_clip_is_h264_with_every_frame_at_its_time(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = tmp_path / "clip.mp4"
    truth = render_clip(
        path, film(), shop.product_ids(), lambda *step: steps.append(step), frame_count=30
    )
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert len(times) == len(truth.frames) == 30
    assert np.allclose(times, [frame.media_time_s for frame in truth.frames], atol=1e-3)
    assert steps[-1] == (30, 30)
    assert (truth.width, truth.height) == (640, 360)
