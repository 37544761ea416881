"""Files of an earlier commit are read and gone on with, and written alike today."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.api.http.serving import serving
from tests.golden import pictures, published, shelf
from tests.golden.program import GoldenProgram, recorded, unpacked

# Decided by the clock, by random numbers or by a key: not even their types are compared.
RANDOM = frozenset({"session_id", "job_id", "key_id", "sha256", "captured_at", "told_at", "sealed"})


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return unpacked("shop", tmp_path / "shop")


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same steps, taken by this code."""
    folder = tmp_path_factory.mktemp("anew")
    pictures.draw_plain(folder)
    program = GoldenProgram(folder)
    shelf.fill(program)
    with serving(folder) as service:
        shelf.keep_orders(service)
    shelf.change(program)
    program.run("video", "shop", "clip.mp4", interrupted=True)
    program.did("watch", "shop", "short.mp4", "--record", "recording")
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def header(path: Path) -> Any:
    """Names, kinds and shapes of a safetensors file."""
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])


def shape(value: Any, inside: str = "") -> Any:
    """Keys and types of a JSON value; of lists, those of the first element."""
    if inside in RANDOM:
        return "random"
    if isinstance(value, dict):
        return {key: shape(item, key) for key, item in value.items()}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else type(value).__name__


def test_a_catalog_goes_on(shop: Path) -> None:
    program = GoldenProgram(shop)
    (before,) = program.did("catalog", "show", "shop", "--json").lines
    assert before["index_version"] == len(list((shop / "data/shop/journal").iterdir()))
    program.did("product", "restore", "shop", "rice")
    program.did("product", "update", "shop", "tea", "--attribute", "price=3")
    listed = program.did("product", "list", "shop", "--json").lines
    assert sorted(product["product_id"] for product in listed) == ["milk", "rice", "tea"]
    (seen,) = program.did("identify", "shop", "rice.png", "--json").lines
    assert seen["detections"][0]["product_id"] == "rice"
    assert seen["index_version"] == before["index_version"] + 2
    # Nothing was out of order, and nothing was made anew that was there.
    (report,) = program.did("catalog", "reconcile", "shop", "--dry-run", "--json").lines[-1:]
    assert report["index_version"] == before["index_version"] + 2


def test_a_catalog_without_its_snapshot_is_the_same(shop: Path) -> None:
    program = GoldenProgram(shop)
    commands = ("catalog show shop", "product list shop", "identify shop tea.png")
    expected = [program.did(*command.split(), "--json").lines for command in commands]
    shutil.rmtree(shop / "data" / "shop" / "snapshots")
    found = [program.did(*command.split(), "--json").lines for command in commands]
    assert published.differences(expected, found) == []


def test_journal_entries_are_written_alike(shop: Path, anew: Path) -> None:
    earlier = sorted((shop / "data/shop/journal").iterdir())
    later = sorted((anew / "data/shop/journal").iterdir())
    assert [path.name for path in later] == [path.name for path in earlier]
    for entry, other in zip(earlier, later, strict=True):
        found = published.steady(read(other))
        assert published.differences(published.steady(read(entry)), found) == [], entry.name
        assert _layout(entry) == _layout(other)


def _layout(path: Path) -> tuple[bool, bool]:
    """Whether there are spaces after colons, and a line's end at the end."""
    text = path.read_text(encoding="utf-8")
    return '": ' in text, text.endswith("\n")


# In the crops of later versions; earlier ones read them, too, as they ask for tensors by name.
ADDED = ("kept", "kept_share")


@pytest.mark.parametrize("kind", ["products", "snapshots", "features", "images", "feedback"])
def test_a_catalogs_files_have_their_names_and_forms(shop: Path, anew: Path, kind: str) -> None:
    names = [
        sorted(
            path.relative_to(folder).as_posix()
            for path in (folder / "data/shop" / kind).rglob("*")
            if path.is_file()
        )
        for folder in (shop, anew)
    ]
    assert names[0] == names[1] != []
    for name in names[0]:
        one, other = shop / name, anew / name
        if name.endswith(".json"):
            found = published.steady(read(other))
            assert published.differences(published.steady(read(one)), found) == []
        elif name.endswith(".safetensors"):
            later = {name: part for name, part in header(other).items() if name not in ADDED}
            assert shape(header(one)) == shape(later)
            assert header(one).keys() == later.keys()
        else:
            assert one.read_bytes() == other.read_bytes()


def test_a_half_done_video_goes_on_and_yields_the_same_events(shop: Path) -> None:
    expected = recorded("commands.json")["video shop clip.mp4"]
    program = GoldenProgram(shop)
    # The journal has grown meanwhile, so it is another job: the catalog's of that time is needed.
    for path in sorted((shop / "data/shop/journal").iterdir())[_version(shop) :]:
        path.unlink()
    answered = program.did("video", "shop", "clip.mp4", "--json")
    assert published.differences(expected, answered.lines) == []
    assert not list((shop / "cache").rglob("checkpoint.json"))


def _version(shop: Path) -> int:
    (path,) = (shop / "cache").rglob("checkpoint.json")
    return int(read(path)["assignment"]["index_version"])


def test_a_half_done_video_does_not_begin_anew(shop: Path) -> None:
    out = GoldenProgram(shop).did("video", "shop", "clip.mp4").out
    assert "100 frames" in out
    (path,) = unpacked("shop", shop / "again").joinpath("cache").rglob("checkpoint.json")
    assert f"(from frame {read(path)['next_index']} on in this run)" in out


def test_checkpoints_of_videos_are_written_alike(shop: Path, anew: Path) -> None:
    for name in ("checkpoint.json", "outputs.json"):
        (one,), (other,) = ((folder / "cache").rglob(name) for folder in (shop, anew))
        assert one.parent.name == other.parent.name
        assert published.differences(read(one), read(other)) == []
    for name in ("events.jsonl", "frames.jsonl"):
        (one,), (other,) = ((folder / "cache").rglob(name) for folder in (shop, anew))
        lines = [
            [json.loads(line) for line in path.read_text().splitlines()] for path in (one, other)
        ]
        assert published.differences(lines[0], lines[1]) == []


def test_a_recording_is_played_again_and_written_alike(shop: Path, anew: Path) -> None:
    again = GoldenProgram(shop).did("watch", "shop", "recording", "--json").lines
    assert [event["event"] for event in again] == ["entered", "confirmed", "left"]
    one, other = shop / "recording", anew / "recording"
    assert shape(read(one / "session.json")) == shape(read(other / "session.json"))
    first, second = (
        [json.loads(line) for line in (folder / "taken.jsonl").read_text().splitlines()]
        for folder in (one, other)
    )
    assert shape(first[0]) == shape(second[0])
    assert (other / "000000.png").is_file()


def test_a_services_state_goes_on(shop: Path) -> None:
    with serving(shop) as stranger:
        assert stranger.client.get("/v1/cameras").status_code == 401
    with published.served(shop) as service:
        client = service.client
        (camera,) = client.get("/v1/cameras").json()["cameras"]
        kept = {**shelf.CAMERA, "session": camera["session"], "reason": camera["reason"]}
        kept["address"] = camera["address"]
        assert "word" not in camera["address"]
        assert published.differences(kept, {key: camera[key] for key in kept}) == []
        (hook,) = client.get("/v1/webhooks").json()["webhooks"]
        secret = {"secret": shelf.WEBHOOK["secret"]}
        assert {**hook, **secret} == shelf.WEBHOOK
        job = shelf.finished(service, published.ids_of(shop)["job_id"])
        assert (job["state"], job["result"]["frames"]) == ("done", 100)
        session = published.ids_of(shop)["session_id"]
        picture = client.get(f"/v1/sessions/{session}/appearances/{session}-1/evidence.jpg")
        assert picture.content.startswith(b"\xff\xd8")
        shelf.posted(client, "/v1/cameras", json={**shelf.CAMERA, "camera_id": "yard"})
        client.delete("/v1/webhooks/till").raise_for_status()
        assert client.get("/v1/webhooks").json()["webhooks"] == []
    keys = GoldenProgram(shop).did("key", "list", "--json").lines
    assert sorted(tuple(key["scopes"]) for key in keys) == [("admin",), ("read", "live")]


def test_a_services_files_are_written_alike(shop: Path, anew: Path) -> None:
    names = [
        {path.name for path in (folder / "state/live").iterdir() if path.is_file()}
        for folder in (shop, anew)
    ]
    assert names[0] == names[1] == {"cameras.json", "events.db", "key", "webhooks.db"}
    cameras = [shape(read(folder / "state/live/cameras.json")) for folder in (shop, anew)]
    assert cameras[0] == cameras[1]
    for name in ("state/live/events.db", "state/live/webhooks.db", "state/answers.db"):
        assert tables(shop / name) == tables(anew / name)
    program = GoldenProgram(anew)
    program.did("key", "create", "--scope", "read", "--catalog", "shop", "--name", "till")
    keys = [shape(read(folder / "state/keys.json")) for folder in (shop, anew)]
    assert keys[0] == keys[1]


def tables(path: Path) -> list[tuple[str, str]]:
    """The tables of an SQLite file, as they were declared."""
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        return [(name, " ".join(sql.split())) for name, sql in database.execute(query)]
