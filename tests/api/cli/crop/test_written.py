import os
from pathlib import Path

import pytest

from api.cli.crop.written import write_whole
from api.errors import Refused


def test_what_another_process_wrote_meanwhile_stays_without_force(tmp_path: Path) -> None:
    target = tmp_path / "thumb.jpg"
    write_whole(target, b"theirs", force=False)
    with pytest.raises(Refused, match="there already; add --force"):
        write_whole(target, b"ours", force=False)
    assert target.read_bytes() == b"theirs"
    write_whole(target, b"ours", force=True)
    assert target.read_bytes() == b"ours"
    assert [path.name for path in tmp_path.iterdir()] == ["thumb.jpg"]


def test_a_disk_without_links_takes_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_whole(tmp_path / "thumb.jpg", b"ours", force=False)
    assert (tmp_path / "thumb.jpg").read_bytes() == b"ours"
