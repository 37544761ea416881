"""Formats on disk stay as they are: the files in `golden/` were written before the codec was."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import CatalogError
from catalog.journal.checkpoint import Checkpoint, CheckpointStore
from catalog.journal.entries import ProductWritten, decode_entry, encode_entry
from catalog.journal.journal import Journal
from catalog.journal.projection import ReadableCopies
from catalog.reconcile.last_run import SeenCopy, SeenOrphan, load_last_run, save_last_run
from catalog.records.codec import Malformed, dumps, from_record, loads, to_record
from catalog.records.feedback import Feedback, FeedbackVerdict
from catalog.records.product import Product
from tests.catalog.support.fakes import MemoryStorage

GOLDEN = Path(__file__).parent / "golden"
ENTRIES = (GOLDEN / "entries.jsonl").read_bytes().splitlines()
READINGS = [json.loads(line) for line in (GOLDEN / "readings.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("line", ENTRIES, ids=lambda line: json.loads(line)["changes"][0]["change"])
def test_entries_are_written_byte_by_byte_as_before(line: bytes) -> None:
    assert dumps(encode_entry(decode_entry(loads(line, "here")))) == line


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading["case"])
def test_old_and_damaged_entries_are_read_as_before(
    reading: dict[str, Any], memory: MemoryStorage
) -> None:
    memory.put("shop/journal/000000000001.json", json.dumps(reading["record"]).encode())
    journal = Journal(memory, "shop")
    if "error" not in reading:
        entry = journal.read(1)
        assert entry is not None
        assert json.loads(dumps(encode_entry(entry))) == reading["read"]
        return
    with pytest.raises(CatalogError) as caught:
        journal.read(1)
    assert f"{type(caught.value).__name__}: {caught.value}" == reading["error"]


def test_a_product_comes_back_with_the_types_of_its_attributes() -> None:
    change = decode_entry(loads(ENTRIES[1], "here")).changes[0]
    assert isinstance(change, ProductWritten)
    attributes = dict(change.product.attributes)
    assert attributes["tags"] == ("vegan", "bio")
    assert (attributes["price"], attributes["tiny"]) == (1.99, 1e-07)
    assert list(attributes) == ["price", "grams", "tiny", "tags", "none", "brand"]


def test_checkpoints_are_written_byte_by_byte_as_before(memory: MemoryStorage) -> None:
    before = (GOLDEN / "checkpoint.safetensors").read_bytes()
    key = "shop/snapshots/000000000012.safetensors"
    memory.put(key, before)
    store = CheckpointStore(memory, "shop")
    checkpoint = store.newest(lambda _: True)
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.state.feedback[1].verdict is FeedbackVerdict.OTHER
    memory.delete(key)
    store.write(checkpoint)
    assert memory.objects == {key: before}


def test_the_last_run_is_written_byte_by_byte_as_before(memory: MemoryStorage) -> None:
    before = (GOLDEN / "reconcile.json").read_bytes()
    memory.put("shop/reconcile.json", before)
    run = load_last_run(memory, "shop")
    assert run.copies == {"oat-milk": SeenCopy(3, "tag-1")}
    assert run.orphans == {"shop/images/ee.jpg": SeenOrphan(1772445600.25, "tag-3")}
    save_last_run(memory, "shop", run)
    assert memory.objects["shop/reconcile.json"] == before


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 2},
        {"copies": {"a": [1]}},
        {"copies": {"a": ["1", "tag"]}},
        {"pictures": {"a": 1}},
        {"orphans": {"a": "12"}},
        {"orphans": []},
    ],
)
def test_a_damaged_last_run_counts_as_none(damage: dict[str, Any], memory: MemoryStorage) -> None:
    record = json.loads((GOLDEN / "reconcile.json").read_bytes())
    memory.put("shop/reconcile.json", json.dumps({**record, **damage}).encode())
    assert not load_last_run(memory, "shop").pictures


def test_readable_copies_are_written_byte_by_byte_as_before(memory: MemoryStorage) -> None:
    before = (GOLDEN / "oat-milk.json").read_bytes()
    memory.put("shop/products/oat-milk.json", before)
    copies = ReadableCopies(memory, "shop")
    copy = copies.read("oat-milk")
    assert (copy.sequence, copy.is_edited) == (12, False)
    copies.write(copy.sequence, copy.product)
    assert memory.objects["shop/products/oat-milk.json"] == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"sequence": "x"}', "'sequence' should be a whole number"),
        (b'{"product": {"name": 1}}', "'name' should be a text"),
        (b'{"product": []}', "expected an object, found list"),
        (b'{"product": {"product_id": "tea"}}', "it speaks of product tea"),
    ],
)
def test_a_readable_copy_that_cannot_be_understood_says_why(
    text: bytes, sentence: str, memory: MemoryStorage
) -> None:
    memory.put("shop/products/milk.json", json.dumps({"product": {}, **json.loads(text)}).encode())
    with pytest.raises(CatalogError, match=f"cannot be understood .{sentence}"):
        ReadableCopies(memory, "shop").read("milk")


def test_what_is_not_known_of_feedback_is_left_out() -> None:
    bare = Feedback("f", "at", FeedbackVerdict.WRONG, "tea", probability=0.0)
    assert to_record(bare) == {
        "feedback_id": "f",
        "at": "at",
        "verdict": "wrong",
        "product_id": "tea",
        "probability": 0.0,
        "seen_version": 0,
    }
    assert from_record(Feedback, to_record(bare)) == bare


def test_a_key_in_braces_is_no_template() -> None:
    with pytest.raises(Malformed, match="an attribute cannot be a dict"):
        from_record(Product, {**to_record(Product("a", "a")), "attributes": {"{key}": {}}})
