"""Stand-ins for networks and storages, and pictures made on the spot."""

import hashlib
from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.encodings.encoding import (
    CompactFeatures,
    Encoding,
    EnrolledPicture,
    KeypointCoder,
    OtherProduct,
    PartIds,
    ReferenceCrop,
    SharedBackground,
)
from catalog.encodings.printed import PrintedWord
from catalog.errors import NotFound, StorageUnavailable
from catalog.ingest.image_file import ImageFile
from catalog.records.kept import KeptBy, KeptChoice, ReferenceCut, ReferenceKind
from catalog.records.shared_cells import GRID
from catalog.registry import Catalogs
from catalog.storage.base import Storage, StoredObject, check_key
from catalog.store import CatalogStore

DIMENSION = 32


class FakeEncoder:
    """Looks at a picture's colours only; remembers with how many siblings it was asked."""

    coder: KeypointCoder | None = None

    def __init__(self, version: str = "1", keypoints: int = 4) -> None:
        self.part_ids = PartIds(f"crop-{version}", f"embedding-{version}", f"local-{version}")
        self.keypoints = keypoints
        self.siblings: list[int] = []
        self.words: tuple[PrintedWord, ...] | None = None

    def encode(
        self,
        image: NDArray[np.uint8],
        siblings: Sequence[Encoding],
        choice: KeptChoice | None = None,
    ) -> Encoding:
        self.siblings.append(len(siblings))
        count = self.keypoints
        return Encoding(
            crop=_crop(image, len(siblings), choice),
            embedding=embedding_of(image),
            local=CompactFeatures(
                points=np.full((count, 2), 64, np.uint16),
                scales=np.full(count, 3, np.uint8),
                angles=np.zeros(count, np.uint8),
                codes=np.full((count, 32), int(image.mean()), np.uint8),
            ),
            words=self.words,
        )

    def read_words(
        self, image: NDArray[np.uint8], crop: ReferenceCrop
    ) -> tuple[PrintedWord, ...] | None:
        del image, crop
        return self.words

    def find_background(
        self,
        picture: EnrolledPicture,
        relatives: Sequence[EnrolledPicture],
        others: Sequence[OtherProduct],
    ) -> SharedBackground:
        del picture, relatives, others
        return SharedBackground(np.zeros((GRID, GRID), np.bool_), ())


def _crop(
    image: NDArray[np.uint8], siblings: int, choice: KeptChoice | None = None
) -> ReferenceCrop:
    height, width = image.shape[:2]
    whole = ((0, 0), (width, 0), (width, height), (0, height))
    corners = choice.outline if choice and choice.outline else whole
    by = KeptBy.NOTHING if choice is None else KeptBy.PERSON
    kind = ReferenceKind.PHOTO if choice and choice.outline else ReferenceKind.WHOLE
    return ReferenceCrop(
        outline=np.array(corners, np.float32),
        width=width,
        height=height,
        to_picture=np.eye(3) * (siblings + 1),
        jpeg=np.frombuffer(image[:4, :4].tobytes(), np.uint8),
        mask=np.ones((8, 8), np.bool_),
        kept=ReferenceCut(kind, by),
    )


def embedding_of(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(DIMENSION,) float32, unit length; alike for alike pictures."""
    small = cv2.resize(image, (4, 4), interpolation=cv2.INTER_AREA).astype(np.float32)
    planes = np.random.default_rng(5).standard_normal((small.size, DIMENSION))
    vector = ((small.ravel() - 127.5) @ planes).astype(np.float32)
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return unit.astype(np.float32)


class MemoryStorage:
    """A storage that a test can look into and break.

    Attributes:
        objects: everything in it.
        refuses_after: writes that still succeed; None for all.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refuses_after: int | None = None

    def get(self, key: str) -> bytes:
        try:
            return self.objects[check_key(key)]
        except KeyError as error:
            raise NotFound(f"there is no {key}") from error

    def put(self, key: str, data: bytes) -> None:
        self._spend(key)
        self.objects[check_key(key)] = data

    def put_if_absent(self, key: str, data: bytes) -> bool:
        if check_key(key) in self.objects:
            return False
        self._spend(key)
        return self.objects.setdefault(key, data) is data

    def list(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.objects if key.startswith(prefix)))

    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        return tuple(
            StoredObject(
                key, self.modified(key), len(self.objects[key]), str(hash(self.objects[key]))
            )
            for key in self.list(prefix)
        )

    def folders(self) -> tuple[str, ...]:
        return tuple(sorted({key.partition("/")[0] for key in self.objects}))

    def delete(self, key: str) -> None:
        self._spend(key)
        self.objects.pop(check_key(key), None)

    def modified(self, key: str) -> float:
        self.get(key)
        return 0.0

    def _spend(self, key: str) -> None:
        if self.refuses_after is None:
            return
        if self.refuses_after == 0:
            raise StorageUnavailable(f"cannot write {key}: the disk is full")
        self.refuses_after -= 1


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def pixels(seed: int, width: int = 40, height: int = 30) -> NDArray[np.uint8]:
    """A picture of coarse coloured blocks, another for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    return fine.astype(np.uint8)


def picture(seed: int, name: str = "") -> ImageFile:
    """A picture file of `pixels`."""
    return ImageFile(name or f"{seed}.png", encoded(Image.fromarray(pixels(seed))))


def image_id(named: ImageFile) -> str:
    """Return the catalog's id of that file."""
    return hashlib.sha256(named.data).hexdigest()


def new_store(storage: Storage, encoder: FakeEncoder | None = None) -> CatalogStore:
    """An empty catalog `shop`."""
    return Catalogs(storage, encoder or FakeEncoder()).create("shop")


def same_store(storage: Storage, encoder: FakeEncoder | None = None) -> CatalogStore:
    """The catalog `shop` as another process sees it."""
    return Catalogs(storage, encoder or FakeEncoder()).open("shop")
