"""Journals that were damaged or moved while a second process serves: kept, or refused by number."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path

import pytest

from catalog.errors import CatalogError
from catalog.journal.journal import Journal
from catalog.reconcile.reconciler import Reconciler
from catalog.records.product import Product
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options, S3Storage
from catalog.store import CatalogStore
from tests.catalog.resilience.test_crash import check_whole
from tests.catalog.support.buckets import fresh
from tests.catalog.support.damage import Damage, Mishap, damaged, mend
from tests.catalog.support.fakes import FakeEncoder, new_store, picture, same_store
from tests.catalog.support.places import named

ROOT = Path(__file__).parents[3]
Fresh = Callable[[], FolderStorage | S3Storage]
DamageMany = Callable[[Fresh, int], None]


class Serving:
    """A second process that serves the catalog; see `serving_process`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def open(self, storage: FolderStorage | S3Storage) -> None:
        self.begin(f"open {named(storage)}")
        assert self.answer() == ([], "")

    def add(self, product_id: str, seed: int) -> tuple[list[str], str]:
        self.begin(f"add {product_id} {seed}")
        return self.answer()

    def begin(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def answer(self) -> tuple[list[str], str]:
        """The products that were acknowledged, and the sentence for what was refused."""
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        return answer["done"], answer["refused"]


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    command = [sys.executable, "-m", "tests.catalog.support.processes.serving_process"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Serving(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def change_at_random(store: CatalogStore, rng: random.Random, changes: int) -> dict[str, Product]:
    """Change products; return those that live, as their last acknowledged change left them."""
    live: dict[str, Product] = {}
    for number in range(changes):
        kind = rng.choice(["add", "add", "update", "images", "remove"])
        if kind == "add" or not live:
            product = store.add_product(f"p{number}", [picture(number)]).product
        elif kind == "update":
            product = store.update_product(rng.choice(sorted(live)), name=f"name {number}").product
        elif kind == "images":
            pictures = [picture(1000 + number)]
            product = store.add_images(rng.choice(sorted(live)), pictures).product
        else:
            del live[store.remove_product(rng.choice(sorted(live))).product.product_id]
            continue
        live[product.product_id] = product
    return live


def listed(storage: Storage) -> dict[str, str]:
    """The tag of every object, which another content does not have, nor does one written anew."""
    return {
        stored.key: stored.tag
        for folder in storage.folders()
        for stored in storage.details(f"{folder}/")
    }


def refused_by_number(act: Callable[[], object], storage: Storage, damage: Damage) -> None:
    """It is refused in a sentence that says which entry it is and how to mend it."""
    with pytest.raises(CatalogError) as caught:
        act()
    check_sentence(str(caught.value), storage, damage)


def check_sentence(sentence: str, storage: Storage, damage: Damage) -> None:
    key = Journal(storage, "shop").key
    assert any(key(sequence) in sentence for sequence in damage.whole), sentence
    assert "restore" in sentence
    assert "\n" not in sentence


@dataclass
class Acknowledged:
    """Changes that a writer was answered were made.

    Attributes:
        products: as the last change of each left it.
        added: ids of products that were added later on.
    """

    products: dict[str, Product]
    added: set[str] = field(default_factory=set)

    def check_held(self, store: CatalogStore) -> None:
        snapshot = store.snapshot()
        check_whole(snapshot)
        assert set(snapshot.products) == {*self.products, *self.added}
        assert {key: snapshot.products[key] for key in self.products} == self.products


def open_damaged(storage: Storage, damage: Damage, acknowledged: Acknowledged) -> bool:
    """Open as a starting process does; whether it holds all, which is refused otherwise."""
    before = listed(storage)
    catalogs = Catalogs(storage, FakeEncoder())
    assert catalogs.names() == ("shop",), "it stays in sight"
    try:
        store = catalogs.open("shop")
    except CatalogError as error:
        check_sentence(str(error), storage, damage)
    else:
        if not store.fault:
            acknowledged.check_held(store)
            return True
        check_sentence(store.fault, storage, damage)
        reconciler = Reconciler(store, storage, grace_seconds=0.0)
        for write in (
            lambda: store.add_product("more", [picture(7)]),
            lambda: catalogs.delete("shop"),
            reconciler.sync,
            reconciler.reconcile,
        ):
            refused_by_number(write, storage, damage)
    assert listed(storage) == before
    return False


def damage_one(
    storage: FolderStorage | S3Storage, serving: Serving, mishap: Mishap, seed: int
) -> str:
    """Write a journal, damage it while it is served, open it and mend it; what came of it."""
    rng = random.Random(seed)
    acknowledged = Acknowledged(change_at_random(new_store(storage), rng, rng.randint(4, 10)))
    serving.open(storage)
    damage = damaged(storage, mishap, rng)
    before = listed(storage)
    done, refused = serving.add("late", 8)
    acknowledged.added.update(done)
    if refused:
        check_sentence(refused, storage, damage)
        assert listed(storage) == before
    whole = open_damaged(storage, damage, acknowledged)
    mend(storage, damage)
    assert serving.add("mended", 9) == (["mended"], "")
    acknowledged.added.add("mended")
    acknowledged.check_held(same_store(storage))
    return "kept" if whole else "refused by its number"


@pytest.fixture
def damage_many(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> DamageMany:
    """Damages journals one after the other, every other round with snapshot objects."""

    def damage(open_fresh: Fresh, journals: int) -> None:
        outcomes: Counter[str] = Counter()
        for number, mishap in enumerate(islice(cycle(Mishap), journals)):
            fewest = 64 if number // len(Mishap) % 2 == 0 else 3
            monkeypatch.setattr("catalog.journal.checkpoint._FEWEST_ENTRIES", fewest)
            outcomes[damage_one(open_fresh(), serving, mishap, number)] += 1
        assert outcomes["refused by its number"] >= journals // 3
        sys.stdout.write(f"\n{journals} damaged journals: {dict(outcomes)}; no change lost\n")

    return damage


@pytest.fixture(params=["folder", "ceph"])
def open_fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Makes an empty storage of one kind, each time another."""
    if request.param == "folder":
        numbers = count()
        return lambda: FolderStorage(tmp_path / str(next(numbers)), durable=False)
    server: S3Options = request.getfixturevalue(request.param)
    return lambda: fresh(server)


@pytest.mark.parametrize("open_fresh", ["folder"], indirect=True)
def test_every_mishap_is_survived_or_refused_by_the_entrys_number(
    open_fresh: Fresh, damage_many: DamageMany
) -> None:
    damage_many(open_fresh, 2 * len(Mishap))


@pytest.mark.parametrize("mishap", [Mishap.END_REMOVED, Mishap.SHORTENED])
def test_a_bucket_of_ceph_survives_or_refuses_as_a_folder_does(
    ceph: S3Options, serving: Serving, mishap: Mishap
) -> None:
    assert damage_one(fresh(ceph), serving, mishap, 1) == "refused by its number"


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_damaged_journals_lose_nothing_in_silence(
    open_fresh: Fresh, damage_many: DamageMany
) -> None:
    damage_many(open_fresh, 50)


def move_one(storage: FolderStorage, serving: Serving, seed: int) -> int:
    """Move the folder away while it is written to, and back; how many changes were answered."""
    rng = random.Random(seed)
    new_store(storage).add_product("first", [picture(1)])
    serving.open(storage)
    away = storage.root.with_name(f"{storage.root.name}-away")
    serving.begin("fill x")
    time.sleep(rng.uniform(0.0, 0.3))
    storage.root.rename(away)
    if is_mount_point := rng.random() < 0.5:
        storage.root.mkdir()
    done, refused = serving.answer()
    assert str(storage.root) in refused
    unheard, refused = serving.add("unheard", 3)
    assert unheard == []
    assert "mount or move the folder back" in refused
    if is_mount_point:
        assert list(storage.root.iterdir()) == []
        storage.root.rmdir()
    assert not storage.root.exists()
    away.rename(storage.root)
    assert serving.add("last", 4) == (["last"], "")
    snapshot = same_store(storage).snapshot()
    check_whole(snapshot)
    held = set(snapshot.products)
    assert {"first", *done, "last"} <= held
    # One more may have been written when its answer was an error.
    assert held <= {"first", *done, f"x-{len(done)}", "last"}
    return len(done)


def move_many(folder: Path, serving: Serving, moves: int) -> None:
    storages = (FolderStorage(folder / str(seed), durable=False) for seed in range(moves))
    answered = sum(move_one(storage, serving, seed) for seed, storage in enumerate(storages))
    assert answered > 0
    sys.stdout.write(f"\n{moves} moved folders, {answered} changes answered, all of them kept\n")


def test_a_folder_that_is_moved_while_it_is_written_to_keeps_all_that_was_answered(
    tmp_path: Path, serving: Serving
) -> None:
    move_many(tmp_path, serving, 4)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_moved_folders_keep_all_that_was_answered(tmp_path: Path, serving: Serving) -> None:
    move_many(tmp_path, serving, 50)


def test_a_storage_that_was_emptied_while_it_is_served_is_not_written_to(
    open_fresh: Fresh, serving: Serving
) -> None:
    storage = open_fresh()
    new_store(storage).add_product("first", [picture(1)])
    serving.open(storage)
    taken = {key: storage.get(key) for key in listed(storage)}
    for key in taken:
        storage.delete(key)
    done, refused = serving.add("late", 8)
    assert done == []
    assert "entry 2 of catalog shop is missing" in refused
    assert listed(storage) == {}
    for key, data in taken.items():
        storage.put(key, data)
    assert serving.add("late", 8) == (["late"], "")
    assert set(same_store(storage).snapshot().products) == {"first", "late"}
