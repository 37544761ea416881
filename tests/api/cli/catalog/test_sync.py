"""`catalog sync`, `reconcile` and `model`."""

from tests.api.shop import Shop


def test_the_model_of_a_catalog_is_shown_and_switched(shop: Shop) -> None:
    (line,) = shop.run_ok("catalog", "model", "shop", "--json").lines
    assert (line["is_current"], line["pictures"], line["previous"]) == (True, 2, None)
    assert line["active"] == line["present"]
    assert line["active"]["encoded"] == 2
    present = line["present"]["model_id"]
    for options in (["--encode"], ["--switch"], ["--switch", present]):
        assert "present networks" in shop.run_ok("catalog", "model", "shop", *options).out
    assert "never" in shop.run("catalog", "model", "shop", "--rollback").sentence
    assert shop.run("catalog", "model", "shop", "--switch", "other").code == 1
    assert shop.run("catalog", "model", "shop", "--switch", "--rollback").code == 2
    assert shop.run("catalog", "model", "shop", present).code == 2


def test_dropped_pictures_are_taken_in_by_sync(shop: Shop) -> None:
    incoming = shop.folder / "data" / "shop" / "incoming"
    (incoming / "rice").mkdir(parents=True)
    (shop.folder / "rice.png").rename(incoming / "rice" / "my rice.png")
    (incoming / "stray.png").write_bytes(b"x")
    result = shop.run("catalog", "sync", "shop", "--dry-run", "--json")
    assert result.lines[-1]["counts"] == {"problem": 1, "taken_in": 1}
    result = shop.run("catalog", "sync", "shop", "--json")
    assert result.code == 1
    assert [line["kind"] for line in result.lines[:-1]] == ["problem", "taken_in"]
    assert shop.run_ok("product", "show", "shop", "rice", "--json").lines[0]["product_id"] == "rice"


def test_a_deletion_by_hand_is_taken_in_by_reconcile(shop: Shop) -> None:
    assert "nothing to do" in shop.run_ok("catalog", "reconcile", "shop").out
    (shop.folder / "data" / "shop" / "products" / "tea.json").unlink()
    result = shop.run_ok("catalog", "reconcile", "shop", "--json", "--grace", "0")
    assert result.lines[-1]["counts"] == {"removed": 1}
    assert result.lines[-1]["drift"] > 0
    assert shop.run("product", "show", "shop", "tea").code == 1


def test_what_would_be_done_is_answer_and_not_done(shop: Shop) -> None:
    (shop.folder / "data" / "shop" / "products" / "tea.json").unlink()
    answer = shop.run_ok("catalog", "reconcile", "shop", "--dry-run").out
    assert "would be: " in answer
    assert shop.products() == ["milk", "tea"]
