import os
from pathlib import Path

import numpy as np
import pytest

from catalog.encodings.cache import EncodingCache
from catalog.encodings.encoding import Encoding
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.encodings.store import EncodingStore
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, pixels

IDS = FakeEncoder().part_ids
IMAGE = "ab" * 32


def encoding(seed: int = 1, keypoints: int = 5) -> Encoding:
    return FakeEncoder(keypoints=keypoints).encode(pixels(seed), ())


def assert_same(one: Encoding | None, other: Encoding) -> None:
    assert one is not None
    assert (one.crop.width, one.crop.height) == (other.crop.width, other.crop.height)
    for part in ("outline", "to_picture", "jpeg", "mask"):
        assert np.array_equal(getattr(one.crop, part), getattr(other.crop, part))
    for part in ("points", "scales", "angles", "codes"):
        assert np.array_equal(getattr(one.local, part), getattr(other.local, part))
    assert np.array_equal(one.embedding, other.embedding)


@pytest.mark.parametrize("keypoints", [0, 5, 256])
def test_what_was_put_comes_back_mapped_and_read_only(tmp_path: Path, keypoints: int) -> None:
    SharedEncodingCache(tmp_path).put("shop", IDS, IMAGE, encoding(keypoints=keypoints))
    mapped = SharedEncodingCache(tmp_path).get("shop", IDS, IMAGE)
    assert_same(mapped, encoding(keypoints=keypoints))
    assert mapped is not None
    assert not mapped.embedding.flags.writeable
    assert not mapped.embedding.flags.owndata


def test_nothing_is_found_that_was_not_put(tmp_path: Path) -> None:
    cache = SharedEncodingCache(tmp_path / "none")
    assert cache.get("shop", IDS, IMAGE) is None
    cache.put("shop", IDS, IMAGE, encoding())
    assert cache.get("other", IDS, IMAGE) is None
    assert cache.get("shop", FakeEncoder("2").part_ids, IMAGE) is None


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_a_file_that_is_cut_off_counts_as_missing(tmp_path: Path, keep: int) -> None:
    cache = SharedEncodingCache(tmp_path)
    cache.put("shop", IDS, IMAGE, encoding())
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    os.truncate(file, keep if keep >= 0 else file.stat().st_size - 1)
    assert cache.get("shop", IDS, IMAGE) is None


def test_a_flipped_bit_counts_as_missing(tmp_path: Path) -> None:
    cache = SharedEncodingCache(tmp_path)
    cache.put("shop", IDS, IMAGE, encoding())
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    assert cache.get("shop", IDS, IMAGE) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = SharedEncodingCache(tmp_path / "file")
    cache.put("shop", IDS, IMAGE, encoding())
    assert cache.get("shop", IDS, IMAGE) is None


def test_beyond_its_limit_the_oldest_go_and_what_is_mapped_stays_readable(tmp_path: Path) -> None:
    cache = SharedEncodingCache(tmp_path, limit=20_000)
    for number in range(40):
        cache.put("shop", IDS, f"{number:064d}", encoding(number))
        (file,) = tmp_path.rglob(f"{number:064d}")
        os.utime(file, (number, number))
    first = cache.get("shop", IDS, f"{0:064d}")
    cache.tidy()
    assert cache.get("shop", IDS, f"{0:064d}") is None
    assert_same(first, encoding(0))
    assert_same(cache.get("shop", IDS, f"{39:064d}"), encoding(39))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 20_000


def test_a_second_process_reads_nothing_from_the_storage(
    tmp_path: Path, memory: MemoryStorage
) -> None:
    parts = EncodingStore(memory, "shop")
    parts.save(IDS, IMAGE, encoding())
    EncodingCache(parts, shared=SharedEncodingCache(tmp_path)).get(IDS, IMAGE)
    memory.objects.clear()
    again = EncodingCache(EncodingStore(memory, "shop"), shared=SharedEncodingCache(tmp_path))
    assert_same(again.get(IDS, IMAGE), encoding())
