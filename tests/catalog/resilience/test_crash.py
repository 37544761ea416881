"""A writing process is killed (-9) before every single touch of the disk."""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import (
    FakeEncoder,
    embedding_of,
    new_store,
    picture,
    pixels,
    same_store,
)

TOUCHES = frozenset({"open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.listdir"})
MOST_TOUCHES = 300


def killed_at(touch: int, root: Path, act: Callable[[], object]) -> bool:
    """Run in a second process that kills itself at its n-th touch; whether it came to that."""
    with warnings.catch_warnings():
        # Newer Pythons warn of forking beside threads; the child only computes and dies.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _act_until(touch, str(root), act)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0
    return killed


def _act_until(touch: int, root: str, act: Callable[[], object]) -> None:
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in TOUCHES and any(root in str(argument) for argument in arguments):
            seen += 1
            if seen == touch:
                os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        sys.addaudithook(hook)
        act()
        code = 0
    finally:
        os._exit(code)


def check_whole(catalog: Catalog) -> None:
    """Everything that the catalog says it has is there."""
    for product in catalog.products.values():
        for image in product.images:
            catalog.picture(image.image_id)
            catalog.encoding(image.image_id)
    catalog.shortlist(embedding_of(pixels(1)), 10)


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_killed_addition_leaves_the_old_catalog_or_the_new_one(
    tmp_path: Path, hard_links: bool
) -> None:
    def storage() -> FolderStorage:
        return FolderStorage(tmp_path / "data", durable=False, hard_links=hard_links)

    new_store(storage()).add_product("a", [picture(1)])

    def add() -> None:
        same_store(storage()).add_product("b", [picture(2), picture(3)])

    outcomes = []
    for touch in range(1, MOST_TOUCHES):
        killed = killed_at(touch, tmp_path, add)
        snapshot = same_store(storage()).snapshot()
        check_whole(snapshot)
        outcomes.append(list(snapshot.products))
        if "b" in snapshot.products:
            assert len(snapshot.products["b"].images) == 2
            same_store(storage()).remove_product("b")
        if not killed:
            break
    assert ["a"] in outcomes
    assert outcomes[-1] == ["a", "b"]
    assert len(outcomes) > 30
    assert {tuple(outcome) for outcome in outcomes} == {("a",), ("a", "b")}


def test_a_killed_creation_or_deletion_leaves_a_catalog_or_none(tmp_path: Path) -> None:
    def catalogs() -> Catalogs:
        return Catalogs(FolderStorage(tmp_path / "data", durable=False), FakeEncoder())

    def act() -> None:
        catalogs().create("shop").add_product("a", [picture(1)])
        catalogs().delete("shop")

    for touch in range(1, MOST_TOUCHES):
        killed = killed_at(touch, tmp_path, act)
        if "shop" in catalogs().names():
            snapshot = catalogs().open("shop").snapshot()
            check_whole(snapshot)
            assert list(snapshot.products) in ([], ["a"])
            catalogs().delete("shop")
        assert catalogs().names() == ()
        if not killed:
            break
    assert touch > 40
    catalogs().create("shop").add_product("b", [picture(2)])
    check_whole(catalogs().open("shop").snapshot())


def test_what_killed_processes_leave_behind_is_swept_after_an_hour(tmp_path: Path) -> None:
    root = tmp_path / "data"
    FolderStorage(root).put("shop/a", b"x")
    leftover, fresh = root / ".partial" / "1-old", root / ".partial" / "1-fresh"
    for path in (leftover, fresh):
        path.write_bytes(b"half")
    os.utime(leftover, (1, 1))
    FolderStorage(root).put("shop/b", b"x")
    assert not leftover.exists()
    assert fresh.exists()
    assert FolderStorage(root).list("shop/") == ("shop/a", "shop/b")
    assert FolderStorage(root).folders() == ("shop",)
