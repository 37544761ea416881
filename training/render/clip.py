"""The demo's film: a shaking camera along a shelf, then products held up one after the other.

In view are several catalog products, one near-twin without its twin, and one product that is not
in the catalog. The truth of every frame says where each product is and how much of it shows.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.video.writer import VideoWriter
from training.render.paint.fonts import FontSet, bundled_fonts
from training.render.scene import script
from training.render.scene.film import ShopFilm
from training.render.scene.truth import Truth, TruthFrame, find_appearances
from training.render.shop import PackagedProduct

# Small enough to lie in the repository; the grain of a sensor costs most bits.
_ENCODER_OPTIONS: Final = {"preset": "slow", "crf": "28", "bf": "3"}
# Two frames are drawn while one is encoded; more would only wait.
_THREADS = 2


def make_film(
    products: Sequence[PackagedProduct],
    stranger: PackagedProduct,
    seed: int,
    width: int,
    height: int,
) -> ShopFilm:
    """Return the film before it is drawn.

    Args:
        products: the catalog's products, at least those that `training.render.scene.script` shows.
        stranger: the product that the catalog does not hold.
        seed: of every shake, grain and shadow.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """
    solids = {product.product_id: product.solid for product in products}
    fonts = FontSet(bundled_fonts())
    return ShopFilm(solids, stranger.product_id, stranger.solid, seed, fonts, width, height)


def render_clip(
    path: Path,
    film: ShopFilm,
    known: frozenset[str],
    on_progress: Callable[[int, int], None],
    frame_count: int | None = None,
) -> Truth:
    """Draw the film into an H.264 MP4; blocks for a minute or two.

    Args:
        path: of the video.
        film: to draw.
        known: product ids that the catalog holds.
        on_progress: called with frames done and frames in all.
        frame_count: stop early; None draws all.

    Raises:
        stream.errors.WriterError: the video cannot be written.
    """
    count = film.frame_count if frame_count is None else min(frame_count, film.frame_count)
    frames: list[TruthFrame] = []
    size = (film.width, film.height)
    with VideoWriter(path, *size, script.FRAME_RATE, threads=1, options=_ENCODER_OPTIONS) as writer:
        for picture, frame in _drawn(film, count):
            writer.write(picture, frame.media_time_s)
            frames.append(frame)
            on_progress(len(frames), count)
    appearances = find_appearances(tuple(frames), known, script.FRAME_RATE)
    return Truth(film.width, film.height, script.FRAME_RATE, tuple(frames), appearances)


def _drawn(film: ShopFilm, count: int) -> Iterator[tuple[NDArray[np.uint8], TruthFrame]]:
    """Yield frames in order, drawn a few ahead."""
    waiting: deque[Future[tuple[NDArray[np.uint8], TruthFrame]]] = deque()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="film") as pool:
        try:
            for index in range(count):
                waiting.append(pool.submit(film.draw, index))
                if len(waiting) > _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
