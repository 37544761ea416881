"""Both trips of a search by photo against a real service with a large catalog."""

import io
from collections.abc import Sequence
from itertools import cycle, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Final

from api.cli.bench.serve import serving

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from api.cli.output import OnStage
    from api.services import Services
    from bench.crops.propose.round_trips import MakeTrips, TripResult, TripTimes
    from catalog.encodings.encoding import (
        Encoding,
        EnrolledPicture,
        OtherProduct,
        PartIds,
        ReferenceCrop,
        SharedBackground,
    )
    from catalog.encodings.printed import PrintedWord
    from catalog.records.kept import KeptChoice
    from client.client import Client
    from client.proposal_records import ProposalsJson

CATALOG: Final = "shop"
SMALL_PX: Final = 480  # of the longer side of the first trip's picture
CUT_PX: Final = 224  # of both sides of the second trip's
_QUALITY: Final = 85  # of JPEG, as phones send
_PRINT_PX: Final = 48  # of the pictures of products that only have to be there


def time_photo_search(
    built: "Services",
    photos: Sequence[Path],
    products: int,
    requests: int,
    on_stage: "OnStage",
) -> "TripResult":
    """Fill a catalog with vectors by chance, serve it from another process, and search in it."""
    from bench.crops.propose.round_trips import measure_trips
    from client.client import Client

    with TemporaryDirectory() as name:
        folder = Path(name)
        _fill(built, folder, products, on_stage)
        with serving(folder, built) as (url, _), Client(url) as client:
            make = _searches(client, photos)
            return measure_trips(make, products, requests, on_progress=on_stage)


def _searches(client: "Client", photos: Sequence[Path]) -> "MakeTrips":
    from PIL import Image, ImageOps

    opened = [ImageOps.exif_transpose(Image.open(photo)).convert("RGB") for photo in photos]
    small = [_shrunk(photo) for photo in opened]
    turns = cycle(zip(opened, small, strict=True))
    return lambda: _search_once(client, *next(turns))


def _search_once(client: "Client", photo: "Image", small: bytes) -> "TripTimes":
    from bench.crops.propose.round_trips import TripTimes

    times = [perf_counter()]
    meant = client.propose(("photo.jpg", small))
    times.append(perf_counter())
    cut = _cut(photo, meant)
    times.append(perf_counter())
    client.search(CATALOG, picture=("cut.jpg", cut), limit=5)
    times.append(perf_counter())
    first, between, second = (1e3 * (later - earlier) for earlier, later in pairwise(times))
    return TripTimes(meant["elapsed_ms"], first, between, second)


def _cut(photo: "Image", meant: "ProposalsJson") -> bytes:
    scale = photo.width / meant["width"]
    left, top, right, bottom = (side * scale for side in meant["proposals"][0]["box"])
    return _jpeg(photo.resize((CUT_PX, CUT_PX), box=(left, top, right, bottom)))


def _shrunk(photo: "Image") -> bytes:
    small = photo.copy()
    small.thumbnail((SMALL_PX, SMALL_PX))
    return _jpeg(small)


def _jpeg(picture: "Image") -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _fill(built: "Services", folder: Path, count: int, on_stage: "OnStage") -> None:
    import numpy as np
    from PIL import Image

    from catalog.ingest.image_file import ImageFile
    from catalog.registry import Catalogs
    from catalog.storage.folder import FolderStorage

    encoder = _RandomEncoder(built)
    store = Catalogs(FolderStorage(folder / "data", durable=False), encoder).create(CATALOG)
    rng = np.random.default_rng(0)
    for number in range(count):
        print_ = rng.integers(0, 256, (_PRINT_PX, _PRINT_PX, 3), dtype=np.uint8)
        picture = ImageFile("front.jpg", _jpeg(Image.fromarray(print_)))
        store.add_product(f"print-{number}", [picture])
        if number % 100 == 0:
            on_stage("filling the catalog", number, count)


class _RandomEncoder:
    """Implements `Encoder` by chance, under the ids of the real parts: the search is as large."""

    def __init__(self, built: "Services") -> None:
        import numpy as np

        self._ids = built.models.encoder.part_ids
        blank = np.full((_PRINT_PX, _PRINT_PX, 3), 128, np.uint8)
        self._pattern = built.models.encoder.encode(blank, ())
        self._rng = np.random.default_rng(0)

    @property
    def coder(self) -> None:
        return None

    @property
    def part_ids(self) -> "PartIds":
        return self._ids

    def encode(
        self,
        image: "NDArray[np.uint8]",
        siblings: "Sequence[Encoding]",
        choice: "KeptChoice | None" = None,
    ) -> "Encoding":
        from dataclasses import replace

        import numpy as np

        del image, siblings, choice
        vector = self._rng.standard_normal(self._pattern.embedding.shape)
        unit = (vector / np.linalg.norm(vector)).astype(np.float32)
        return replace(self._pattern, embedding=unit)

    def read_words(
        self, image: "NDArray[np.uint8]", crop: "ReferenceCrop"
    ) -> "tuple[PrintedWord, ...] | None":
        del image, crop
        return None

    def find_background(
        self,
        picture: "EnrolledPicture",
        relatives: "Sequence[EnrolledPicture]",
        others: "Sequence[OtherProduct]",
    ) -> "SharedBackground":
        import numpy as np

        from catalog.encodings.encoding import SharedBackground
        from catalog.records.shared_cells import GRID

        del picture, relatives, others
        return SharedBackground(np.zeros((GRID, GRID), np.bool_), ())
