"""The demo's shop and film, drawn anew: what `skulens demo --render` does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from api.demo.files import DemoFiles

SEED: Final = 20  # of the shop that skulens comes with

OnStage = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class FilmSize:
    """How large and how long the film is.

    Attributes:
        width: pixels.
        height: pixels.
        frame_count: stop after so many frames; None films everything.
    """

    width: int = 1280
    height: int = 720
    frame_count: int | None = None


def render_shop(files: DemoFiles, size: FilmSize, on_stage: OnStage) -> None:
    """Draw catalog pictures and film, and write them with the truth; blocks for minutes.

    Raises:
        stream.errors.WriterError: the video cannot be written.
        OSError: the disk refused.
    """
    # Imported here: whoever plays the film that came with skulens never needs the renderer.
    from training.render.clip import make_film, render_clip
    from training.render.shop import make_products, make_stranger, write_pictures

    on_stage("printing packages", 0, None)
    products, stranger = make_products(SEED), make_stranger(SEED)
    write_pictures(
        files.pictures, products, lambda done, total: on_stage("taking pictures", done, total)
    )
    film = make_film(products, stranger, SEED, size.width, size.height)
    known = frozenset(product.product_id for product in products)
    truth = render_clip(
        files.clip,
        film,
        known,
        lambda done, total: on_stage("filming", done, total),
        size.frame_count,
    )
    truth.write(files.truth)
