import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from tests.api.models.crop_tools import FakeCropTools
from tests.api.shop import Shop
from tests.catalog.support.fakes import pixels


@pytest.fixture
def photos(empty_shop: Shop, tmp_path: Path) -> Shop:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, width, height in (("a.png", 160, 120), ("c.jpg", 90, 140)):
        Image.fromarray(pixels(1, width, height)).save(folder / name)
    (folder / "b.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("no picture, and not called one")
    return empty_shop


def test_a_folder_is_framed_and_a_bad_file_is_named_and_passed_over(
    photos: Shop, tmp_path: Path
) -> None:
    result = photos.run(
        "crop", "thumbnail", "photos", "--aspect", "1:1", "--aspect", "16:9", "--out", "thumbs",
        "--width", "48",
    )  # fmt: skip
    assert result.code == 1
    assert "b.jpg" in result.err
    made = sorted(path.name for path in (tmp_path / "thumbs").iterdir())
    assert made == ["a-16x9.jpg", "a-1x1.jpg", "c-16x9.jpg", "c-1x1.jpg"]
    with Image.open(tmp_path / "thumbs" / "a-16x9.jpg") as wide:
        assert wide.size == (48, 27)


def test_thumbnails_are_not_written_over_unless_forced(photos: Shop) -> None:
    order = ("crop", "thumbnail", "photos/a.png", "--out", "thumbs")
    assert photos.run(*order).code == 0
    again = photos.run(*order)
    assert again.code == 1
    assert "--force" in again.err
    assert photos.run(*order, "--force").code == 0


def test_json_is_one_line_a_picture(photos: Shop) -> None:
    result = photos.run("crop", "thumbnail", "photos/a.png", "photos/c.jpg", "--json")
    assert [line["image"] for line in result.lines] == ["photos/a.png", "photos/c.jpg"]
    assert [len(line["thumbnails"]) for line in result.lines] == [1, 1]


@pytest.mark.parametrize("aspect", ["0", "1:100", "words"])
def test_an_aspect_that_cannot_be_is_refused(photos: Shop, aspect: str) -> None:
    result = photos.run("crop", "thumbnail", "photos/a.png", "--aspect", aspect)
    assert result.code == 2
    assert "--aspect" in result.err


def test_an_empty_folder_is_one_sentence(photos: Shop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = photos.run("crop", "thumbnail", "empty")
    assert result.code == 1
    assert "no pictures in empty" in result.err


def test_two_pictures_of_one_name_never_share_a_thumbnail(photos: Shop, tmp_path: Path) -> None:
    (tmp_path / "photos" / "b.jpg").unlink()
    Image.fromarray(pixels(2, 64, 64)).save(tmp_path / "photos" / "a.jpg")
    for force in ((), ("--force",)):
        result = photos.run("crop", "thumbnail", "photos", "--out", f"thumbs{len(force)}", *force)
        assert result.code == 1
        message = " ".join(result.err.split())
        assert "photos/a.png is passed over" in message
        assert "was made from photos/a.jpg" in message


def test_a_picture_named_twice_is_framed_once(photos: Shop) -> None:
    twice = ("photos/a.png", "photos/a.png")
    result = photos.run_ok("crop", "thumbnail", *twice, "--out", "thumbs", "--json")
    assert len(result.lines) == 1


def test_a_folder_in_a_folder_is_no_picture(photos: Shop, tmp_path: Path) -> None:
    (tmp_path / "photos" / "b.jpg").unlink()
    (tmp_path / "photos" / "d.jpg").mkdir()
    assert len(photos.run_ok("crop", "thumbnail", "photos", "--json").lines) == 2


def test_a_thumbnail_higher_than_can_be_made_is_refused_before_the_work(photos: Shop) -> None:
    order = ("crop", "thumbnail", "photos/a.png", "--aspect", "1:10", "--out", "thumbs")
    result = photos.run(*order, "--width", "8192")
    assert result.code == 2
    assert "--width" in result.err
    assert not Path("thumbs").exists()
    photos.run_ok(*order, "--width", "81")


def test_a_width_without_a_folder_says_that_nothing_is_written(photos: Shop) -> None:
    result = photos.run_ok("crop", "thumbnail", "photos/a.png", "--width", "48")
    assert "--out" in result.err


def test_nothing_is_left_of_a_thumbnail_that_cannot_be_written(photos: Shop) -> None:
    Path("thumbs").mkdir()
    Path("thumbs/a-1x1.jpg").mkdir()
    result = photos.run("crop", "thumbnail", "photos/a.png", "--out", "thumbs", "--force")
    assert result.code == 1
    assert "is a folder" in " ".join(result.err.split())
    assert [path.name for path in Path("thumbs").iterdir()] == ["a-1x1.jpg"]


def test_a_file_for_a_folder_is_refused_before_the_work(photos: Shop) -> None:
    for out, reason in (("photos/a.png", "is a file, not a folder"), ("photos/a.png/x", "cannot")):
        result = photos.run("crop", "thumbnail", "photos/a.png", "--out", out)
        assert (result.code, result.out) == (1, "")
        assert reason in result.sentence


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(
    photos: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    result = photos.run("crop", "thumbnail", "photos/a.png", "--out", "thumbs")
    assert (result.code, result.out) == (1, "")
    assert result.sentence == "the folder thumbs cannot be written to; choose another."
    order = ("crop", "locate", "photos/a.png", "photos/a.png", "--difference", "off.png")
    result = photos.run(*order)
    assert (result.code, result.out) == (1, "")
    assert "cannot be written to" in result.sentence


def test_a_picture_that_is_read_is_never_written_over(photos: Shop, tmp_path: Path) -> None:
    (tmp_path / "photos" / "b.jpg").unlink()
    (tmp_path / "photos" / "c.jpg").rename(tmp_path / "photos" / "a-1x1.jpg")
    before = (tmp_path / "photos" / "a-1x1.jpg").read_bytes()
    result = photos.run("crop", "thumbnail", "photos", "--out", "photos", "--force")
    assert result.code == 1
    expected = "photos/a-1x1.jpg is one of the pictures that are read; name another file."
    assert result.sentence == expected
    assert (tmp_path / "photos" / "a-1x1.jpg").read_bytes() == before


def test_of_a_full_disk_no_half_of_a_thumbnail_is_left(
    photos: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", write_half)
    result = photos.run("crop", "thumbnail", "photos/a.png", "photos/c.jpg", "--out", "thumbs")
    assert (result.code, result.out) == (1, "")
    assert "cannot write thumbs/a-1x1.jpg: No space left on device." in result.err
    assert "cannot write thumbs/c-1x1.jpg: No space left on device." in result.err
    assert list((tmp_path / "thumbs").iterdir()) == []


def test_what_is_no_picture_needs_no_networks(
    photos: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_framer(_: object) -> NoReturn:
        raise AssertionError("the networks were loaded")

    monkeypatch.setattr(FakeCropTools, "framer", property(no_framer))
    result = photos.run("crop", "thumbnail", "photos/b.jpg")
    assert result.code == 1
    assert "is not a picture" in result.sentence
