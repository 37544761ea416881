"""Rubbish and odd names below `incoming/`: what is not taken in is never deleted."""

import os
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from typing_extensions import override

from catalog.errors import NotFound, StorageUnavailable
from catalog.ingest.quality import IssueKind, QualityRules
from catalog.reconcile.reconciler import Reconciler
from catalog.reconcile.report import FindingKind, Report
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, picture, same_store
from tests.catalog.support.reconciling import ManualClock, counts, filled, reconciler

Drop = Callable[[str, bytes], None]
Place = tuple[Storage, Drop, Callable[[], set[str]]]
GOOD = picture(7).data
RUBBISH = (
    "p0/@eaDir/side.jpg/SYNOPHOTO_THUMB_SM.jpg",
    "p0/@eaDir/side.jpg/SYNOPHOTO_THUMB_M.jpg",
    "p0/Thumbs.db",
    "p0/desktop.ini",
    "p0/front.png.crdownload",
    "#recycle/p0/old.png",
    "$RECYCLE.BIN/S-1/$RABC123.png",
)


@pytest.fixture(params=["folder", "ceph"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A storage, a way to drop files past all rules, one to list them; moto takes no such keys."""
    if request.param == "folder":
        folder = FolderStorage(tmp_path, durable=False)

        def drop(key: str, data: bytes) -> None:
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

        def listed() -> set[str]:
            paths = (p for p in (tmp_path / "shop/incoming").rglob("*") if p.is_file())
            return {p.relative_to(tmp_path / "shop/incoming").as_posix() for p in paths}

        yield folder, drop, listed
        return
    options: S3Options = request.getfixturevalue(request.param)
    bucket = fresh(options)
    root = f"{bucket.options.prefix}/"
    client = boto3.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=options.region,
        aws_access_key_id=options.access_key,
        aws_secret_access_key=options.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )

    def put(key: str, data: bytes) -> None:
        client.put_object(Bucket=options.bucket, Key=root + key, Body=data)

    def keys() -> set[str]:
        folder = f"{root}shop/incoming/"
        found = client.list_objects_v2(Bucket=options.bucket, Prefix=folder)
        return {item["Key"].removeprefix(folder) for item in found.get("Contents", [])}

    yield bucket, put, keys
    client.close()


def problems(report: Report) -> list[str]:
    return [f.sentence for f in report.findings if f.kind is FindingKind.PROBLEM]


def test_rubbish_is_passed_over_and_stays_and_the_rest_is_taken_in(
    place: Place,
) -> None:
    storage, drop, listed = place
    filled(storage)
    for name in RUBBISH:
        drop(f"shop/incoming/{name}", GOOD)
    drop("shop/incoming/p0/side.png", GOOD)
    report = reconciler(storage).sync()
    assert counts(report)[FindingKind.TAKEN_IN] == 1
    assert problems(report) == []
    assert listed() == set(RUBBISH)
    assert len(same_store(storage).product("p0").images) == 2
    again = reconciler(storage).sync()
    assert set(counts(again)) == {FindingKind.PASSED_OVER}
    assert again.drift == 0


ODD = ("p0/back\\slash.png", "p0/tab\there.png", "p0/line\nbreak.png")


def test_keys_that_are_no_names_are_named_in_one_line_and_the_others_taken_in(
    place: Place,
) -> None:
    storage, drop, listed = place
    filled(storage)
    in_buckets = ("p0/a//b.png", "p0//c.png", "/d.png")
    odd = ODD if isinstance(storage, FolderStorage) else (*ODD, *in_buckets)
    good = ["p0/A photo.png", "p0/50%25.png", "p0/100%.png", "p0/a+b.png", "p0/日本 茶.png"]
    good += [unicodedata.normalize("NFD", "p0/Müsli.png"), "p0/q?x=1&y#z.png", "p0/it's (1);.png"]
    for number, name in enumerate((*odd, *good)):
        drop(f"shop/incoming/{name}", picture(10 + number).data)
    report = reconciler(storage).sync()
    assert counts(report) == {FindingKind.PROBLEM: len(odd), FindingKind.TAKEN_IN: len(good)}
    assert all("\n" not in s and "\t" not in s for s in problems(report))
    assert sum("rename it" in sentence for sentence in problems(report)) >= len(ODD)
    assert listed() == set(odd)
    assert len(same_store(storage).product("p0").images) == 1 + len(good)


def test_a_dry_run_names_them_too(place: Place) -> None:
    storage, drop, listed = place
    filled(storage)
    for name in (*ODD, *RUBBISH):
        drop(f"shop/incoming/{name}", GOOD)
    before = listed()
    assert len(problems(reconciler(storage).sync(dry_run=True))) == len(ODD)
    assert listed() == before


def test_reconcile_leaves_a_file_servers_files_alone(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path, durable=False)
    filled(storage)
    kept = [
        *("shop/images/@eaDir/x.jpg/SYNOPHOTO_THUMB_M.jpg", "shop/images/Thumbs.db"),
        *("shop/features/desktop.ini", "shop/feedback/@eaDir/y.jpg", "shop/products/Thumbs.db"),
        *("#recycle/shop/images/z.jpg", "@eaDir/shop.jpg", "lost+found/#1234"),
    ]
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    clock = ManualClock()
    for _ in range(3):
        report = reconciler(storage, clock).reconcile()
        assert report.findings == ()
        clock.seconds += 1e6
    assert all((tmp_path / name).exists() for name in kept)


def test_what_a_person_put_beside_the_pictures_is_named_and_never_collected(
    memory: MemoryStorage,
) -> None:
    filled(memory)
    names = ["images/holiday.jpg", "images/notes.txt", "features/crop/readme.md", "feedback/a.png"]
    for name in names:
        memory.put(f"shop/{name}", b"mine")
    clock = ManualClock()
    for _ in range(3):
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.PASSED_OVER: 4}
        clock.seconds += 1e6
    assert all(f"shop/{name}" in memory.objects for name in names)


class StubbornStorage(MemoryStorage):
    """Refuses to read or to delete some objects, as of files that belong to somebody else."""

    def __init__(self, *, unreadable: str = "\0", lasting: str = "\0") -> None:
        super().__init__()
        self._unreadable, self._lasting = unreadable, lasting

    @override
    def get(self, key: str) -> bytes:
        if self._unreadable in key:
            raise StorageUnavailable(f"cannot read {key}: you are not allowed to")
        return super().get(key)

    @override
    def modified(self, key: str) -> float:
        if key not in self.objects:
            raise NotFound(f"there is no {key}")
        return 1e9

    @override
    def delete(self, key: str) -> None:
        if self._lasting in key:
            raise StorageUnavailable(f"cannot delete {key}: you are not allowed to")
        super().delete(key)


def dropped(storage: MemoryStorage, *names: str) -> None:
    for number, name in enumerate(names):
        storage.put(f"shop/incoming/{name}", picture(20 + number).data)


def test_a_file_that_cannot_be_read_stops_no_others() -> None:
    storage = StubbornStorage(unreadable="theirs")
    filled(storage)
    dropped(storage, "a/theirs.png", "a/theirs 2.png", "p0/mine.png", "p1/theirs.png", "p1/my.png")
    report = reconciler(storage).sync()
    assert counts(report) == {FindingKind.PROBLEM: 3, FindingKind.TAKEN_IN: 2}


def test_a_storage_of_which_nothing_can_be_read_is_one_fault() -> None:
    storage = StubbornStorage(unreadable="incoming")
    filled(storage)
    dropped(storage, *(f"p0/{number}.png" for number in range(5)))
    with pytest.raises(StorageUnavailable):
        reconciler(storage).sync()


def test_a_file_that_cannot_be_taken_away_is_named_and_taken_in_once() -> None:
    storage = StubbornStorage(lasting="theirs")
    filled(storage)
    dropped(storage, "p0/theirs.png", "p1/mine.png")
    for taken_in in (1, 0):
        report = reconciler(storage).sync()
        assert report.count(FindingKind.TAKEN_IN) == taken_in
        assert "cannot be taken away" in problems(report)[0]
    assert len(same_store(storage).product("p0").images) == 2


def test_a_film_is_named_before_it_is_read(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path, durable=False)
    filled(storage)
    film = tmp_path / "shop/incoming/p0/film.mp4"
    film.parent.mkdir(parents=True)
    with film.open("wb") as file:
        file.truncate(5_000_000_000)
    assert "too large for a picture" in problems(reconciler(storage).sync())[0]
    assert film.exists()


def test_a_name_that_is_no_text_is_refused_by_a_rule_and_taken_in_without(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path, durable=False)
    filled(storage)
    folder = tmp_path / "shop/incoming/p0"
    folder.mkdir(parents=True)
    name = os.fsdecode(b"caf\xe9.png")
    (folder / name).write_bytes(picture(0).data)  # of p0 itself, and then of p1
    (tmp_path / "shop/incoming/p1").mkdir()
    (tmp_path / "shop/incoming/p1" / name).write_bytes(picture(0).data)
    rules = QualityRules(refused=frozenset({IssueKind.DUPLICATE}))
    store = Catalogs(storage, FakeEncoder(), rules=rules).open("shop")
    report = Reconciler(store, storage).sync()
    assert counts(report) == {FindingKind.PROBLEM: 1, FindingKind.TAKEN_IN: 1}
    for finding in report.findings:
        finding.sentence.encode()
