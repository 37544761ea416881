from pathlib import Path

import numpy as np
import pytest

from catalog.search.keypoints.base_file import BaseName, KeypointFiles
from catalog.search.keypoints.keypoint_index import KeypointBlock, KeypointIndex
from catalog.search.vector_index import ImageReference
from tests.catalog.support.keypoints import described, seen_again, small_codebook

NAME = BaseName("shop", ("crop-1", "local-1", "small"))


def base(count: int = 70) -> KeypointBlock:
    references = [ImageReference(f"p{number}", f"image-{number}") for number in range(count)]
    rows = [described(number) for number in range(count)]
    empty = KeypointIndex.empty(small_codebook())
    return empty.with_changes((), references, rows).merged().base


def only_file(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


def test_a_base_comes_back_mapped_and_answers_alike(tmp_path: Path) -> None:
    made = base()
    KeypointFiles(tmp_path).write(NAME, made)
    mapped = KeypointFiles(tmp_path).read(NAME)
    assert mapped is not None
    assert not mapped.file.signs.flags.writeable
    query = seen_again(described(9))
    votes = KeypointIndex.over(small_codebook(), mapped).votes(query, 5)
    assert votes == KeypointIndex.over(small_codebook(), made).votes(query, 5)
    assert votes[0].product_id == "p9"


def test_a_keypoint_takes_little_more_than_twenty_bytes(tmp_path: Path) -> None:
    KeypointFiles(tmp_path).write(NAME, base())
    words = 8 * small_codebook().word_count
    per_keypoint = (only_file(tmp_path).stat().st_size - words - 4096) / (70 * 40)
    assert per_keypoint < 24


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_not_read(tmp_path: Path, share: float) -> None:
    KeypointFiles(tmp_path).write(NAME, base())
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert KeypointFiles(tmp_path).read(NAME) is None


@pytest.mark.parametrize("place", [3, 20, 60, 400, -2000])
def test_a_file_that_is_damaged_is_not_read(tmp_path: Path, place: int) -> None:
    KeypointFiles(tmp_path).write(NAME, base())
    path = only_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[place] ^= 0x55
    path.write_bytes(data)
    assert KeypointFiles(tmp_path).read(NAME) is None


def test_a_file_of_other_networks_or_another_version_is_not_read(tmp_path: Path) -> None:
    files = KeypointFiles(tmp_path)
    files.write(NAME, base())
    assert files.read(BaseName("shop", ("crop-2", "local-1", "small"))) is None
    assert files.read(BaseName("other", NAME.made_by)) is None
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 9'))
    assert files.read(NAME) is None


def test_another_process_that_writes_disturbs_nobody(tmp_path: Path) -> None:
    files = KeypointFiles(tmp_path)
    files.write(NAME, base())
    path = only_file(tmp_path)
    mapped = files.read(NAME)
    assert mapped is not None
    signs = np.array(mapped.file.signs)
    path.with_name(f".{path.name}.half").write_bytes(path.read_bytes()[:100])
    files.write(NAME, base(90))
    assert (mapped.file.signs == signs).all()
    newer = files.read(NAME)
    assert newer is not None
    assert len(newer.references) == 90


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = KeypointFiles(tmp_path / "file")
    files.write(NAME, base())
    assert files.read(NAME) is None
