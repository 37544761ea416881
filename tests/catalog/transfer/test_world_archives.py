"""Archives of the Finder and of Windows; room on the disk; nothing is left, however it ends."""

import os
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from catalog.errors import Invalid, StorageUnavailable
from catalog.transfer.archive import UnpackBounds, unpack_archive, unpack_into
from catalog.transfer.importer import RowStatus, import_path
from tests.catalog.support.fakes import MemoryStorage, new_store, picture

NAME = "Früchte-Müsli.png"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for temporary files, which is empty again in the end."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


class RawName(zipfile.ZipInfo):
    """A member whose name is written as bytes of some program, without the flag of UTF-8."""

    raw = b""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 -- zipfile's own
        return self.raw, self.flag_bits & ~0x800


def zipped(path: Path, *members: tuple[bytes, bytes], extra: bytes = b"") -> Path:
    """Write members under names of raw bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (raw, data) in enumerate(members):
            info = RawName(f"x{number}")
            info.raw, info.extra = raw, extra
            archive.writestr(info, data)
    return path


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("table", ["NFC", "NFD"])
def test_a_zip_of_the_finder_has_its_names(
    tmp_path: Path, form: Literal["NFC", "NFD"], table: Literal["NFC", "NFD"]
) -> None:
    stored = unicodedata.normalize(form, f"shop/pictures/{NAME}").encode()
    named = unicodedata.normalize(table, NAME)
    rows = f"product_id;images\nmuesli;pictures/{named}\n"
    path = zipped(
        tmp_path / "a.zip",
        (b"shop/products.csv", rows.encode()),
        (stored, picture(1).data),
        (b"__MACOSX/shop/pictures/._x.png", b"x"),
        (b"shop/.DS_Store", b"x"),
        (b"shop/Icon\r", b"x"),
    )
    report = import_path(new_store(MemoryStorage()), path)
    assert (report.count(RowStatus.ADDED), report.failures) == (1, ())


def test_a_name_of_windows_old_page_is_read_and_a_field_of_the_true_name_wins(
    tmp_path: Path,
) -> None:
    old = zipped(tmp_path / "a.zip", (f"tea/{NAME}".encode("cp437"), picture(1).data))
    with unpack_archive(old) as folder:
        assert (folder / "tea" / NAME).is_file()
    raw = b"tea/Fr_chte.png"
    true = struct.pack("<BI", 1, zlib.crc32(raw)) + "tea/日本.png".encode()
    extra = struct.pack("<HH", 0x7075, len(true)) + true
    with unpack_archive(zipped(tmp_path / "b.zip", (raw, b"x"), extra=extra)) as folder:
        assert [path.name for path in folder.rglob("*.png")] == ["日本.png"]


def test_rubbish_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip",
        (b"tea/1.png", picture(1).data),
        (b"tea/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", picture(2).data),
        (b"tea/Thumbs.db", b"x"),
        (b"desktop.ini", b"x"),
        (b"#recycle/old/2.png", picture(2).data),
    )
    report = import_path(new_store(MemoryStorage()), path)
    assert [(row.product_id, row.status.value) for row in report.rows] == [("tea", "added")]
    assert report.ignored == ()


def test_one_name_twice_and_a_file_that_is_a_folder_are_refused(tmp_path: Path) -> None:
    for names in ((b"a/1.png", b"a/1.png"), (b"a/1.png", b"a\\1.png"), (b"a/b.png", b"a")):
        path = zipped(tmp_path / "a.zip", *((name, b"x") for name in names))
        with pytest.raises(Invalid), unpack_archive(path):
            pass


TWO = ((b"tea/1.png", picture(1).data), (b"milk/2.png", picture(2).data))


def test_free_space_is_looked_at_before_anything_is_written(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", *TWO)
    bounds = UnpackBounds(free=lambda _: 1_000_000_100)
    with (
        pytest.raises(StorageUnavailable, match=r"1,000,000,100 are free.*SKULENS_FREE_GB"),
        unpack_archive(path, bounds),
    ):
        pass


def test_free_space_is_looked_at_meanwhile_and_what_was_written_is_removed(
    tmp_path: Path,
) -> None:
    path = zipped(tmp_path / "a.zip", *((b"%d.bin" % n, os.urandom(40 << 20)) for n in range(2)))
    answers = [10**12, 0]
    bounds = UnpackBounds(free=lambda _: answers.pop(0))
    with pytest.raises(StorageUnavailable, match="free some space"):
        unpack_into(path, tmp_path / "out", bounds, "the archive")
    assert not (tmp_path / "out").exists()
    assert answers == []


@pytest.mark.parametrize(
    "bounds", [UnpackBounds(most_files=1, free_bytes=0), UnpackBounds(most_bytes=9, free_bytes=0)]
)
def test_bounds_can_be_set(tmp_path: Path, bounds: UnpackBounds) -> None:
    with (
        pytest.raises(Invalid, match="give at most"),
        unpack_archive(zipped(tmp_path / "a.zip", *TWO), bounds),
    ):
        pass


class Stop(BaseException):
    """As Ctrl+C."""


def test_nothing_is_left_after_any_ending(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", *TWO)
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    (tmp_path / "damaged.zip").write_bytes(bytes(data))
    with pytest.raises(Invalid), unpack_archive(tmp_path / "damaged.zip"):
        pass

    def stop(done: int, _: int) -> None:
        if done == 1:
            raise Stop

    with pytest.raises(Stop):
        unpack_into(path, tmp_path / "out", UnpackBounds(free_bytes=0), "the archive", stop)
    assert not (tmp_path / "out").exists()
    with pytest.raises(Stop), unpack_archive(path, UnpackBounds(free_bytes=0)):
        raise Stop


def test_what_a_killed_import_left_is_removed_by_the_next_one(
    tmp_path: Path, temporary: Path
) -> None:
    path = zipped(tmp_path / "a.zip", *TWO)
    left = temporary / "skulens-import-killed"
    (left / "files").mkdir(parents=True)
    (left / "lock").touch()
    os.utime(left / "lock", (1e9, 1e9))
    bounds = UnpackBounds(free_bytes=0)
    with unpack_archive(path, bounds) as alive:
        assert not left.exists()
        lock = alive.parent / "lock"
        os.utime(lock, (1e9, 1e9))
        with unpack_archive(path, bounds):
            assert alive.is_dir()
