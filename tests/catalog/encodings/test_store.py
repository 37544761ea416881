from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from typing_extensions import override

from catalog.encodings.encoding import Encoding, PartIds
from catalog.encodings.store import LOCAL_BUDGET_BYTES, EncodingStore, check_encoding
from catalog.errors import CatalogError, Invalid, NotFound
from catalog.records.kept import KeptBy, ReferenceCut, ReferenceKind
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, pixels

IDS: Final = PartIds("crop-1", "embedding-1", "local-1")
IMAGE: Final = "ab" * 32


def encoding(seed: int = 1, keypoints: int = 4, siblings: int = 0) -> Encoding:
    encoder = FakeEncoder(keypoints=keypoints)
    return encoder.encode(pixels(seed), [None] * siblings)  # type: ignore[list-item]


def same(one: Encoding, other: Encoding) -> bool:
    return all(
        np.array_equal(a, b) and a.dtype == b.dtype
        for a, b in (
            (one.crop.outline, other.crop.outline),
            (one.crop.to_picture, other.crop.to_picture),
            (one.crop.jpeg, other.crop.jpeg),
            (one.crop.mask, other.crop.mask),
            (one.embedding, other.embedding),
            (one.local.points, other.local.points),
            (one.local.scales, other.local.scales),
            (one.local.angles, other.local.angles),
            (one.local.codes, other.local.codes),
        )
    ) and (one.crop.width, one.crop.height, one.crop.kept) == (
        other.crop.width,
        other.crop.height,
        other.crop.kept,
    )


def test_an_encoding_is_read_back_bit_by_bit(memory: MemoryStorage) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding())
    assert same(parts.load(IDS, IMAGE), encoding())
    assert np.array_equal(parts.embedding(IDS, IMAGE), encoding().embedding)


@pytest.mark.parametrize("kept", [None, ReferenceCut(ReferenceKind.PACKSHOT, KeptBy.GROUND, 0.5)])
def test_the_way_a_product_was_cut_out_is_stored(
    memory: MemoryStorage, kept: ReferenceCut | None
) -> None:
    """None is what an earlier version wrote."""
    made = encoding()
    EncodingStore(memory, "shop").save(
        IDS, IMAGE, replace(made, crop=replace(made.crop, kept=kept))
    )
    assert EncodingStore(memory, "shop").load(IDS, IMAGE).crop.kept == kept


def test_a_picture_without_a_keypoint_has_an_encoding_too(memory: MemoryStorage) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding(keypoints=0))
    assert len(parts.load(IDS, IMAGE).local.points) == 0


def test_every_part_lies_under_its_own_id(memory: MemoryStorage) -> None:
    EncodingStore(memory, "shop").save(IDS, IMAGE, encoding())
    assert set(memory.objects) == {
        f"shop/features/crop/crop-1/{IMAGE}.safetensors",
        f"shop/features/embedding/embedding-1/{IMAGE}.safetensors",
        f"shop/features/local/local-1/{IMAGE}.safetensors",
    }


def test_what_is_read_cannot_be_changed(memory: MemoryStorage) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding())
    with pytest.raises(ValueError, match="read-only"):
        parts.load(IDS, IMAGE).embedding[0] = 1


def test_a_missing_part_is_not_found(memory: MemoryStorage) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding())
    with pytest.raises(NotFound):
        parts.load(replace(IDS, local="local-2"), IMAGE)


def test_parts_of_two_encodings_do_not_pass_for_one(memory: MemoryStorage) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding(siblings=0))
    kept = dict(memory.objects)
    parts.save(IDS, IMAGE, encoding(siblings=3))
    local = f"shop/features/local/local-1/{IMAGE}.safetensors"
    memory.objects[local] = kept[local]
    with pytest.raises(NotFound, match="together"):
        parts.load(IDS, IMAGE)


class Interleaving(MemoryStorage):
    """Another writer of the same picture comes between two of our writes, once."""

    def __init__(self, rival: Encoding) -> None:
        super().__init__()
        self.rival: Encoding | None = rival

    @override
    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        if "/crop/" in key and self.rival is not None:
            rival, self.rival = self.rival, None
            EncodingStore(self, "shop").save(IDS, IMAGE, rival)


def test_two_writers_of_one_picture_leave_parts_that_belong_together() -> None:
    storage = Interleaving(rival=encoding(siblings=5))
    parts = EncodingStore(storage, "shop")
    parts.save(IDS, IMAGE, encoding(siblings=0))
    assert same(parts.load(IDS, IMAGE), encoding(siblings=0))


@pytest.mark.parametrize("cut", [0, 4, 50, -3])
def test_a_damaged_part_is_named(memory: MemoryStorage, cut: int) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding())
    key = f"shop/features/embedding/embedding-1/{IMAGE}.safetensors"
    memory.objects[key] = memory.objects[key][:cut]
    for use in (parts.load, parts.embedding):
        with pytest.raises(CatalogError, match=r"embedding-1.*damaged"):
            use(IDS, IMAGE)


def test_the_budget_of_the_local_part_is_32_kilobytes() -> None:
    fits = LOCAL_BUDGET_BYTES // 38
    check_encoding(encoding(keypoints=fits), "front.jpg")
    with pytest.raises(Invalid, match=r"front.jpg.*32,768"):
        check_encoding(encoding(keypoints=fits + 1), "front.jpg")


def test_an_encoder_that_breaks_its_contract_is_refused() -> None:
    good = encoding()
    crop, local = good.crop, good.local
    broken = [
        replace(good, embedding=good.embedding * 2),
        replace(good, embedding=good.embedding.astype(np.float64)),
        replace(good, embedding=good.embedding * np.nan),
        replace(good, embedding=good.embedding[None]),
        replace(good, crop=replace(crop, outline=crop.outline[:3])),
        replace(good, crop=replace(crop, mask=crop.mask.ravel())),
        replace(good, local=replace(local, scales=local.scales[:-1])),
        replace(good, local=replace(local, points=local.points.astype(np.float32))),
    ]
    for bad in broken:
        with pytest.raises(Invalid, match=r"front.jpg"):
            check_encoding(bad, "front.jpg")
