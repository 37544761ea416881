"""Disks that refuse: read-only, full, in the way."""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image

from catalog.errors import CatalogError, NotFound, StorageUnavailable
from catalog.ingest.image_file import ImageFile
from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from tests.catalog.resilience.test_crash import check_whole
from tests.catalog.support.fakes import FakeEncoder, encoded, new_store, picture, same_store

Mount = Callable[[str], Path]
NOBODY = 65534


def one_sentence(error: CatalogError) -> str:
    message = str(error)
    assert "\n" not in message
    assert "Errno" not in message
    return message


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a disk in memory with the options given; only the system's owner may."""
    where = tmp_path / "disk"
    where.mkdir()

    def do(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)]
        if shutil.which("mount") is None or os.geteuid() != 0:
            pytest.skip("mounting a disk needs root; the fakes in test_store.py stand in")
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting is not allowed here; the fakes in test_store.py stand in")
        return where

    yield do
    if os.path.ismount(where):
        subprocess.run(["umount", str(where)], check=True)


def noisy(seed: int) -> ImageFile:
    """A picture of 30 KB, whatever its compression."""
    noise = np.random.default_rng(seed).integers(0, 256, (100, 100, 3), np.uint8)
    return ImageFile(f"{seed}.png", encoded(Image.fromarray(noise)))


def test_a_full_disk_is_one_sentence_and_the_catalog_stays_whole(mount: Mount) -> None:
    storage = FolderStorage(mount("size=400k"))
    store = new_store(storage)
    added = []

    def fill() -> None:
        for number in range(100):
            store.add_product(f"p{number}", [noisy(number)])
            added.append(f"p{number}")

    with pytest.raises(StorageUnavailable) as caught:
        fill()
    assert "the disk is full" in one_sentence(caught.value)
    assert len(added) >= 2
    snapshot = same_store(storage).snapshot()
    check_whole(snapshot)
    assert list(snapshot.products) == added
    assert not list((storage.root / ".partial").iterdir())


def test_a_read_only_disk_is_one_sentence_and_can_still_be_read(mount: Mount) -> None:
    root = mount("size=1m")
    new_store(FolderStorage(root)).add_product("a", [picture(1)])
    subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
    store = same_store(FolderStorage(root))
    check_whole(store.snapshot())
    for change in (
        lambda: store.add_product("b", [picture(2)]),
        lambda: store.remove_product("a"),
        lambda: Catalogs(FolderStorage(root), FakeEncoder()).create("bar"),
        lambda: Catalogs(FolderStorage(root), FakeEncoder()).delete("shop"),
    ):
        with pytest.raises(StorageUnavailable) as caught:
            change()
        assert "read-only" in one_sentence(caught.value)
    assert list(same_store(FolderStorage(root)).snapshot().products) == ["a"]


@contextmanager
def without_privileges() -> Iterator[None]:
    """As a user whom permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_without_permission_is_one_sentence() -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        new_store(FolderStorage(root)).add_product("a", [picture(1)])
        folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        try:
            with without_privileges():
                store = same_store(FolderStorage(root))
                with pytest.raises(StorageUnavailable) as caught:
                    store.add_product("b", [picture(2)])
                check_whole(store.snapshot())
        finally:
            for path in folders:
                path.chmod(0o755)
    assert "you are not allowed to" in one_sentence(caught.value)


def test_a_limit_on_file_sizes_is_one_sentence(folder: FolderStorage) -> None:
    store = new_store(folder)
    store.add_product("a", [picture(1)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
        with pytest.raises(StorageUnavailable) as caught:
            store.add_product("b", [noisy(1)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert "larger than allowed" in one_sentence(caught.value)
    assert list(same_store(folder).snapshot().products) == ["a"]
    assert not list((folder.root / ".partial").iterdir())


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    storage = FolderStorage(tmp_path / "data")
    with pytest.raises(StorageUnavailable) as caught:
        Catalogs(storage, FakeEncoder()).create("shop")
    assert "not a folder" in one_sentence(caught.value)
    with pytest.raises(NotFound):
        storage.get("shop/a")


def test_looking_into_a_folder_that_does_not_exist_makes_none(tmp_path: Path) -> None:
    catalogs = Catalogs(FolderStorage(tmp_path / "data"), FakeEncoder())
    assert catalogs.names() == ()
    with pytest.raises(NotFound):
        catalogs.open("shop")
    assert not (tmp_path / "data").exists()


def test_what_the_user_keeps_beside_the_catalogs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".git").mkdir()
    catalogs = Catalogs(FolderStorage(tmp_path), FakeEncoder())
    catalogs.create("shop")
    assert catalogs.names() == ("shop",)
    catalogs.delete("shop")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_files_have_the_permissions_that_new_files_have(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    FolderStorage(tmp_path).put("shop/a", b"x")
    modes = [(tmp_path / name).stat().st_mode for name in ("plain", "shop/a")]
    assert modes[0] == modes[1]
