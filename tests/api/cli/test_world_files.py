"""Folders of pictures as file servers and systems leave them."""

from pathlib import Path

from api.cli.files import list_pictures


def test_a_folder_gives_its_pictures_without_what_systems_left(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.PNG", "._a.jpg", "SYNOPHOTO_THUMB_M.jpg", "Thumbs.db", "$RAB12CD.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "@eaDir").mkdir()
    assert [path.name for path in list_pictures([tmp_path])] == ["a.jpg", "b.PNG"]
