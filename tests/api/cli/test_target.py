"""`--server`: a service answers as this machine would, to the letter."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from tests.api.cli.test_video import tea_clip
from tests.api.http.serving import Service, serving
from tests.api.shop import CommandResult, Shop


@pytest.fixture
def service(shop: Shop) -> Iterator[Service]:
    """A service over the very catalogs that the command line has here."""
    with serving(shop.folder) as running:
        yield running


@pytest.fixture
def there(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Every command asks the service."""
    monkeypatch.setenv("SKULENS_SERVER", service.url)
    return service


def alike(one: CommandResult, other: CommandResult) -> bool:
    """Whether two runs said the same, but for moments and milliseconds."""
    return [plain(one.out), plain(one.err), one.code] == [
        plain(other.out),
        plain(other.err),
        other.code,
    ]


def plain(text: str) -> list[object]:
    """Lines without moments; those of JSON parsed, because 1 and 1.0 are the same."""
    moment = r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00|Z)?"
    lines = re.sub(moment, "", text).splitlines()
    return [json.loads(line) if line.startswith("{") else line for line in lines]


COMMANDS = [
    ("identify", "shop", "tea.png"),
    ("identify", "shop", "rice.png", "milk.png"),
    ("identify", "shop", "tea.png", "--whole-image"),
    ("identify", "shop", "broken.png", "tea.png"),
    ("identify", "none", "tea.png"),
    ("explain", "shop", "tea.png", "tea"),
    ("explain", "shop", "tea.png", "milk"),
    ("explain", "shop", "tea.png", "nobody"),
    ("search", "shop", "--text", "green"),
    ("search", "shop", "--text", "grene", "--facet", "brand", "--where", "brand=leaf"),
    ("search", "shop", "--image", "tea.png", "--limit", "1"),
    ("search", "shop", "--offset", "1"),
    ("search", "shop", "--where", "price<"),
    ("catalog", "list"),
    ("catalog", "show", "shop"),
    ("catalog", "show", "none"),
    ("catalog", "create", "shop"),
    ("catalog", "sync", "shop"),
    ("catalog", "sync", "shop", "--dry-run"),
    ("catalog", "reconcile", "shop", "--dry-run"),
    ("product", "list", "shop"),
    ("product", "show", "shop", "tea"),
    ("product", "show", "shop", "nobody"),
    ("product", "outline", "shop", "tea"),
    ("product", "outline", "shop", "nobody"),
    ("product", "outline", "shop", "tea", "abc", "--whole"),
    ("product", "remove", "shop", "nobody"),
    ("product", "restore", "shop", "tea"),
    ("product", "add", "shop", "tea", "rice.png"),
    ("product", "add", "shop", "rice", "broken.png"),
    ("product", "update", "shop", "tea", "--name", "x", "--if-revision", "9"),
]


def test_what_changes_nothing_says_the_same_here_and_there(shop: Shop, service: Service) -> None:
    (shop.folder / "broken.png").write_bytes(b"no picture")
    for command in COMMANDS:
        for form in ((), ("--json",)):
            here = shop.run(*command, *form)
            there = shop.run(*command, *form, "--server", service.url)
            assert alike(here, there), (command, form, here, there)


def test_a_shop_is_kept_there_as_it_is_here(shop: Shop, service: Service) -> None:
    (shop.folder / "many" / "rice").mkdir(parents=True)
    (shop.folder / "many" / "empty").mkdir()
    (shop.folder / "many" / "tea").mkdir()
    (shop.folder / "many" / "tea" / "broken.png").write_bytes(b"no picture")
    (shop.folder / "rice.png").rename(shop.folder / "many" / "rice" / "rice.png")
    steps: list[tuple[str, ...]] = [
        ("catalog", "create", "CATALOG"),
        ("product", "add", "CATALOG", "tea", "tea.png", "--name", "Tea", "--attribute", "price=2"),
        ("product", "add", "CATALOG", "tea", "milk.png", "--to-existing"),
        ("product", "update", "CATALOG", "tea", "--attribute", "a=b", "--without", "price"),
        ("product", "replace-images", "CATALOG", "tea", "milk.png"),
        ("product", "replace-images", "CATALOG", "tea", "milk.png", "--whole"),
        ("product", "add", "CATALOG", "oat", "milk.png", "--outline", "1,1 30,1 30,25 1,25"),
        ("product", "remove", "CATALOG", "tea"),
        ("product", "restore", "CATALOG", "tea"),
        ("catalog", "import", "CATALOG", "many"),
        ("catalog", "import", "CATALOG", "many"),
        ("catalog", "reconcile", "CATALOG"),
        ("product", "list", "CATALOG"),
        ("catalog", "delete", "CATALOG", "--yes"),
    ]
    for step in steps:
        here = shop.run(*(word.replace("CATALOG", "shop-a") for word in step), "--json")
        words = [word.replace("CATALOG", "shop-b") for word in step]
        there = shop.run(*words, "--json", "--server", service.url)
        same = CommandResult(there.code, there.out.replace("shop-b", "shop-a"), there.err)
        same = CommandResult(same.code, same.out, same.err.replace("shop-b", "shop-a"))
        assert alike(here, same), (step, here, there)


def test_a_video_is_matched_there_and_everything_comes_back(shop: Shop, service: Service) -> None:
    clip = tea_clip(shop.folder / "clip.mp4")
    requested = ("video", "shop", clip, "--events")
    here = shop.run_ok(*requested, "a.jsonl")
    there = shop.run_ok(*requested, "b.jsonl", "--annotated", "b.mp4", "--server", service.url)
    assert there.out.splitlines()[:2] == here.out.splitlines()[:2]
    mine, theirs = ((shop.folder / name).read_text() for name in ("a.jsonl", "b.jsonl"))
    assert [json.loads(line)["event"] for line in theirs.splitlines()] == [
        json.loads(line)["event"] for line in mine.splitlines()
    ]
    assert (shop.folder / "b.mp4").stat().st_size > 1000
    again = shop.run(*requested, "b.jsonl", "--server", service.url)
    assert (again.code, "--force" in again.sentence) == (1, True)
    report = shop.run("video", "shop", clip, "--report", "r.html", "--server", service.url)
    assert (report.code, "--report" in report.sentence) == (1, True)


@pytest.mark.usefixtures("there")
def test_a_file_that_is_no_video_is_refused_by_the_service(shop: Shop) -> None:
    result = shop.run("video", "shop", "tea.png", "--events", "e.jsonl")
    assert (result.code, "no video" in result.sentence) == (1, True)
    assert not (shop.folder / "e.jsonl").exists()


def test_a_camera_is_watched_there(shop: Shop, there: Service) -> None:
    result = shop.run("watch", "shop", "rtsp://127.0.0.1:9/none", "--seconds", "0.5", "--json")
    assert result.code == 0, result.err
    assert "reconnecting" in result.err or result.err == ""
    assert there.client.get("/v1/sessions").json()["sessions"] == []
    wrong = shop.run("watch", "shop", "gopher://x", "--seconds", "0.5")
    assert wrong.code == 1
    assert wrong.sentence


def test_a_key_goes_along_and_is_never_shown(
    shop: Shop, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = KeyStore(service.options.keys).create([Scope.READ])[0]
    until = time.monotonic() + 20
    while service.client.get("/v1/catalogs").status_code != 401:  # the keys are read anew
        assert time.monotonic() < until
        time.sleep(0.1)
    refused = shop.run("catalog", "list", "--server", service.url)
    assert (refused.code, "API key" in refused.sentence) == (1, True)
    assert "shop" in shop.run_ok("catalog", "list", "--server", service.url, "--key", key).out
    monkeypatch.setenv("SKULENS_KEY", key)
    monkeypatch.setenv("SKULENS_SERVER", service.url)
    denied = shop.run("catalog", "create", "more")
    assert (denied.code, key in denied.err) == (1, False)
    assert "scope" in denied.sentence


def test_nobody_there_is_one_sentence(shop: Shop) -> None:
    result = shop.run("catalog", "list", "--server", "http://127.0.0.1:9")
    assert result.code == 1
    assert "127.0.0.1:9 cannot be reached" in result.sentence


def test_an_empty_address_means_here_whatever_the_environment_says(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKULENS_SERVER", "http://127.0.0.1:9")
    assert shop.run("catalog", "list").code == 1
    assert "shop" in shop.run_ok("catalog", "list", "--server", "").out


@pytest.mark.parametrize("address", ["shop.example.com", "ftp://x", "http://me:pw@x"])
def test_an_address_that_is_none_is_refused(shop: Shop, address: str) -> None:
    result = shop.run("catalog", "list", "--server", address)
    assert (result.code, "no address of a service" in result.sentence) == (1, True)


@pytest.mark.usefixtures("there")
def test_a_command_that_works_here_alone_says_so_instead_of_doing_it(shop: Shop) -> None:
    result = shop.run("catalog", "export", "shop", "backup")
    assert (result.code, "SKULENS_SERVER" in result.sentence) == (1, True)
    assert not (shop.folder / "backup").exists()
    assert Path("data").exists()
