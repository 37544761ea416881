"""The protocols' layout, on a shared folder in miniature and on the real pictures."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.recognition import protocols
from bench.recognition.protocols import PROTOCOLS, ProtocolOptions, lay_out
from tests.bench.scenery import printed, write_picture

CARTONS = ("Milk", "Juice")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Two cartons, one of them left out of the open set, and one kind of produce."""
    shared = tmp_path / "shared"
    grocery = shared / "grocery"
    for number, product in enumerate((*CARTONS, "Pear")):
        write_picture(grocery / "catalog" / product / "iconic.jpg", printed(number))
        for shot in range(5):
            name = f"train_{product}_{shot}.jpg"
            write_picture(grocery / "train" / product / name, printed(shot))
            write_picture(grocery / "eval" / product / f"eval_{name}", printed(shot))
    classes = {"cartons": CARTONS, "eval_open_left_out": ["Juice"]}
    (grocery / "classes.json").write_text(json.dumps(classes))
    for folder, name_of in (("dvd_covers", "001"), ("dvd_covers_more", "021")):
        covers = shared / "eval_only" / folder
        for name in (
            f"query/A_{name_of}.jpg",
            f"query/B_{name_of}.jpg",
            f"reference/{name_of}.jpg",
        ):
            write_picture(covers / name, printed(1))
        (covers / "gt.csv").write_text(
            "query,reference,quad_x1,y1,x2,y2,x3,y3,x4,y4,sift_inliers\n"
            f"query/A_{name_of}.jpg,reference/{name_of}.jpg,1,2,3,4,5,6,7,8,99\n"
            f"query/B_{name_of}.jpg,reference/{name_of}.jpg,,,,,,,,,8\n"
        )
    for name in ("clothing_cc0/shirt.jpg", "boofcv_photos/place.jpg", "art_boxes/images/art.jpg"):
        write_picture(shared / name, printed(3))
    height, width = printed(3).shape[:2]
    boxes = [[0, 0, width, height], [0, 0, 8, 8]]
    record = {"art.jpg": {"size": [width, height], "boxes": boxes}}
    (shared / "art_boxes" / "boxes.json").write_text(json.dumps(record))
    apc = shared / "apc_products"
    for name in ("catalog/x1.jpg", "catalog/x2.jpg", "catalog/other.jpg", "query/x.jpg"):
        write_picture(apc / name, printed(2))
    (apc / "gt.csv").write_text("query,matching_catalog\nquery/x.jpg,x1.jpg|x2.jpg\n")
    return shared


def test_one_reference_has_the_cartons_with_produce_as_unknown(
    shared: Path, tmp_path: Path
) -> None:
    dataset = lay_out("one-reference", shared, tmp_path)
    assert {name: len(paths) for name, paths in dataset.references().items()} == {
        "Juice": 1,
        "Milk": 1,
    }
    assert sum(query.truth is None for query in dataset.queries) == 5
    groups = {query.truth: query.groups[0] for query in dataset.queries if query.truth}
    assert groups == {"Milk": "seen", "Juice": "unseen"}


def test_photos_that_show_another_face_than_the_reference_are_grouped_apart(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grocery_faces.json").write_text('{"other": {"Milk": ["eval_train_Milk_1.jpg"]}}')
    monkeypatch.setattr(protocols, "LABELS", tmp_path)
    dataset = lay_out("one-reference", shared, tmp_path)
    other = [query.path.name for query in dataset.queries if "other face" in query.groups]
    assert other == ["eval_train_Milk_1.jpg"]
    assert sum("face shown" in query.groups for query in dataset.queries) == 9


def test_all_products_have_photos_for_references_and_no_unknowns(
    shared: Path, tmp_path: Path
) -> None:
    write_picture(shared / "grocery" / "catalog" / "Kaiser" / "iconic.jpg", printed(4))
    write_picture(shared / "grocery" / "train" / "Kaiser" / "1.jpg", printed(4))
    dataset = lay_out("all-products", shared, tmp_path)
    assert {name: len(paths) for name, paths in dataset.references().items()} == {
        "Juice": 4,
        "Kaiser": 2,
        "Milk": 4,
        "Pear": 4,
    }
    assert {query.groups for query in dataset.queries} == {("cartons",), ("produce",)}
    assert all(query.truth for query in dataset.queries)


def test_four_reference_adds_the_first_three_train_photos(shared: Path, tmp_path: Path) -> None:
    references = lay_out("four-reference", shared, tmp_path).references()
    names = [path.name for path in references["Milk"]]
    assert names == ["iconic.jpg", *(f"train_Milk_{shot}.jpg" for shot in range(3))]


def test_the_open_set_makes_the_left_out_cartons_unknown(shared: Path, tmp_path: Path) -> None:
    dataset = lay_out("open-set", shared, tmp_path)
    assert list(dataset.references()) == ["Milk"]
    unknown = [query.path.name for query in dataset.queries if query.truth is None]
    assert sum("Juice" in name for name in unknown) == 5
    assert sum("Pear" in name for name in unknown) == 5
    kinds = {
        query.groups: "Juice" in query.path.name for query in dataset.queries if not query.truth
    }
    assert kinds == {("unknown: produce",): False, ("unknown: cartons left out",): True}


def test_dvd_covers_carry_their_corners_where_labelled(shared: Path, tmp_path: Path) -> None:
    dataset = lay_out("dvd", shared, tmp_path)
    outlines = {query.path.name: query.outline for query in dataset.queries}
    assert outlines["A_001.jpg"] == ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0))
    assert outlines["B_001.jpg"] is None


def test_household_products_gather_all_their_catalog_pictures(shared: Path, tmp_path: Path) -> None:
    dataset = lay_out("apc", shared, tmp_path)
    references = dataset.references()
    assert {name: len(paths) for name, paths in references.items()} == {"other": 1, "x": 2}
    assert [query.truth for query in dataset.queries] == ["x"]


def test_an_unknown_protocol_is_refused_with_the_known_ones(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="one-reference"):
        lay_out("two-reference", shared, tmp_path)


def test_missing_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot lay out dvd"):
        lay_out("dvd", tmp_path / "nowhere", tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("protocol", "products", "references", "known", "unknown"),
    [
        ("one-reference", 23, 23, 268, 196),
        ("four-reference", 23, 92, 268, 196),
        ("open-set", 15, 15, 173, 291),
        ("dvd", 20, 20, 80, 0),
        ("apc", 96, 104, 25, 0),
    ],
)
def test_the_real_pictures_have_the_numbers_of_their_readme(
    shared_data: Path,
    tmp_path: Path,
    protocol: str,
    products: int,
    references: int,
    known: int,
    unknown: int,
) -> None:
    dataset = lay_out(protocol, shared_data, tmp_path)
    folders = dataset.references()
    assert len(folders) == products
    assert sum(len(paths) for paths in folders.values()) == references
    truths = [query.truth for query in dataset.queries]
    assert (len(truths) - truths.count(None), truths.count(None)) == (known, unknown)


def test_every_protocol_has_a_test_above() -> None:
    tested = {"one-reference", "four-reference", "open-set", "all-products", "dvd", "apc"}
    tested.add("many-things")
    assert set(PROTOCOLS) == tested


def test_four_references_are_drawn_anew_for_every_draw(shared: Path, tmp_path: Path) -> None:
    chosen = set()
    for draw in (None, 0, 1, 2, 3):
        folder = tmp_path / str(draw)
        dataset = lay_out("four-reference", shared, folder, ProtocolOptions(draw=draw))
        names = tuple(path.name for path in dataset.references()["Milk"])
        assert len(names) == 4
        chosen.add(names)
    assert len(chosen) > 1
    again = lay_out("four-reference", shared, tmp_path / "again", ProtocolOptions(draw=3))
    assert tuple(path.name for path in again.references()["Milk"]) in chosen


def test_many_things_has_covers_household_and_cartons_among_distractors(
    shared: Path, tmp_path: Path
) -> None:
    options = ProtocolOptions(distractors=7, draw_prints=lambda number: (printed(number),) * 2)
    dataset = lay_out("many-things", shared, tmp_path, options)
    products = set(dataset.references())
    assert {"dvd-001", "dvd-021", "x", "other", "Milk", "Juice", "Pear"} < products
    assert {"clothes-shirt", "photo-place", "painting-000-0", "print-00000-0"} < products
    assert "painting-000-1" not in products  # too small to be cut out
    assert len(products) == 7 + 7
    counted = Counter(query.groups[0] for query in dataset.queries)
    assert counted == {"covers": 4, "household": 1, "cartons": 10}


def test_more_distractors_than_there_are_pictures_are_refused(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="only 3 distractors"):
        lay_out("many-things", shared, tmp_path, ProtocolOptions(distractors=4))
