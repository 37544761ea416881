"""Tables of Windows, Excel and macOS: taken in, or refused by name; nothing lost without a word."""

import codecs
import json
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from catalog.errors import Invalid
from catalog.store import CatalogStore
from catalog.transfer.importer import ImportReport, RowStatus, import_path
from catalog.transfer.manifest import read_manifest
from tests.catalog.support.fakes import MemoryStorage, new_store, picture
from tests.catalog.support.importing import fill, statuses

Form = Literal["NFC", "NFD"]


def table(tmp_path: Path, data: str | bytes, name: str = "list.csv") -> Path:
    fill(tmp_path, pics=[1, 2, 3])
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def sheet_of(excel: Workbook) -> Worksheet:
    assert isinstance(excel.active, Worksheet)
    return excel.active


def workbook(
    tmp_path: Path, *rows: Sequence[object], name: str = "list.xlsx", form: str = "General"
) -> Path:
    fill(tmp_path, pics=[1, 2, 3])
    excel = Workbook()
    for row in rows:
        sheet_of(excel).append(list(row))
    sheet_of(excel)["A2"].number_format = form
    excel.save(tmp_path / name)
    return tmp_path / name


def attributes(store: CatalogStore, product_id: str) -> dict[str, object]:
    return dict(store.product(product_id).attributes)


def taken_in(store: CatalogStore, path: Path, **expected: str) -> ImportReport:
    report = import_path(store, path)
    assert statuses(report) == expected
    return report


def refusal(path: Path) -> str:
    """The sentence that a file is refused with; empty where it is read."""
    try:
        read_manifest(path)
    except Invalid as error:
        return str(error)
    return ""


class TestNumbers:
    @pytest.mark.parametrize("separator", [";", "\t", "|"])
    @pytest.mark.parametrize(
        ("cell", "number"),
        [
            ("1,99", 1.99),
            ("1.299,00", 1299.0),
            ("1.299.000", 1_299_000.0),
            ("1.299", 1299.0),
            ("1299", 1299.0),
            ("-3,5", -3.5),
            ("\u22123,5", -3.5),
            ("0,125", 0.125),
            (",5", 0.5),
            ("1 299,00", 1299.0),
            ("1\xa0299,00", 1299.0),
            ("1\u202f299,00", 1299.0),
            ("1,5e3", 1500.0),
        ],
    )
    def test_a_column_with_a_decimal_comma_is_read_so(
        self, store: CatalogStore, tmp_path: Path, separator: str, cell: str, number: float
    ) -> None:
        rows = [["product_id", "images", "price:number"], ["milk", "pics/1.png", cell]]
        rows.append(["tea", "pics/2.png", "2,49"])
        text = "\n".join(separator.join(row) for row in rows)
        taken_in(store, table(tmp_path, text), milk="added", tea="added")
        assert attributes(store, "milk") == {"price": number}

    @pytest.mark.parametrize(
        ("cell", "number"),
        [
            ("1.99", 1.99),
            ('"1,299.00"', 1299.0),
            ('"1,299"', 1299.0),
            ("1.299", 1.299),
            ("1'299.00", 1299.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("007", 7.0),
        ],
    )
    def test_a_column_with_a_decimal_point_is_read_so(
        self, store: CatalogStore, tmp_path: Path, cell: str, number: float
    ) -> None:
        text = f"product_id,images,price:number\nmilk,pics/1.png,{cell}\ntea,pics/2.png,2.5\n"
        taken_in(store, table(tmp_path, text), milk="added", tea="added")
        assert attributes(store, "milk") == {"price": number}

    def test_a_number_that_nothing_settles_is_read_with_a_note_or_refused(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "product_id;images;weight:number\nmilk;pics/1.png;1,299\n"
        report = taken_in(store, table(tmp_path, text), milk="added")
        assert attributes(store, "milk") == {"weight": 1.299}
        assert "1,299 and the like in column weight:number were read" in report.ignored[0]
        text = 'product_id,images,weight:number\ntea,pics/2.png,"1,299"\n'
        report = taken_in(store, table(tmp_path, text), tea="refused")
        assert "can be read in two ways; write 1299" in report.failures[0]

    def test_a_column_of_both_marks_refuses_what_it_does_not_settle(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        rows = "milk;pics/1.png;1,99\ntea;pics/2.png;2.49\nrice;pics/3.png;1.299\n"
        path = table(tmp_path, f"product_id;images;price:number\n{rows}")
        report = taken_in(store, path, milk="added", tea="added", rice="refused")
        assert "two ways" in report.failures[0]

    @pytest.mark.parametrize(
        "cell",
        ["1,99 €", "20 %", "1.2.3", "1,2,3", "1_000", "1..5", "9" * 400, "1e400", "٣", "--1"],
    )
    def test_another_number_is_refused_by_its_row(
        self, store: CatalogStore, tmp_path: Path, cell: str
    ) -> None:
        text = f"product_id;images;price:number\nmilk;pics/1.png;{cell}\ntea;pics/2.png;2,49\n"
        report = taken_in(store, table(tmp_path, text), milk="refused", tea="added")
        assert report.failures[0].startswith("row 2 of list.csv: ")


class TestRowsAndHeadings:
    def test_rows_and_columns_of_nothing_are_passed_over(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = (
            "\ufeff\r\nproduct_id;name;images;price;;\r\nmilk;Milk;pics/1.png;1,99;;\r\n;;;;;\r\n"
            "tea;Tea;pics/2.png;2,49;;\r\n ; ;;;;\r\n\r\n"
        )
        report = taken_in(store, table(tmp_path, text), milk="added", tea="added")
        assert report.failures == ()
        assert attributes(store, "tea") == {"price": "2,49"}

    def test_a_cell_below_no_heading_is_named(self, store: CatalogStore, tmp_path: Path) -> None:
        text = "product_id;images;;\nmilk;pics/1.png;;1,99\ntea;pics/2.png;;\n"
        report = taken_in(store, table(tmp_path, text), milk="refused", tea="added")
        assert report.failures == ("row 2 of list.csv has '1,99' in column 4, which has no name",)

    @pytest.mark.parametrize(
        "heading",
        [
            "Product_ID;Name;Images",
            "PRODUCT ID;NAME;IMAGES",
            "Product-Id; name ;images ",
            "ProductId;Name;Images",
            '"product_id";"name";"images"',
            '"Product\nID";name;images',
        ],
    )
    def test_headings_are_known_in_any_case_and_spacing(
        self, store: CatalogStore, tmp_path: Path, heading: str
    ) -> None:
        path = table(tmp_path, f"\ufeff{heading}\nmilk;Milk;pics/1.png\n")
        taken_in(store, path, milk="added")
        assert (store.product("milk").name, attributes(store, "milk")) == ("Milk", {})

    def test_the_kind_of_an_attribute_is_known_so_too(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "product_id;images; Price : Number;Tags:LIST\nmilk;pics/1.png;1,5;a;b\n"
        taken_in(store, table(tmp_path, text.replace("a;b", '"a;b"')), milk="added")
        assert attributes(store, "milk") == {"Price": 1.5, "Tags": ("a", "b")}

    def test_several_columns_of_pictures_are_joined(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "product_id,images,Images\nmilk,pics/1.png,pics/2.png\ntea,,pics/3.png\n"
        taken_in(store, table(tmp_path, text), milk="added", tea="added")
        assert [len(store.product(name).images) for name in ("milk", "tea")] == [2, 1]

    @pytest.mark.parametrize(
        ("heading", "name"),
        [("name,name", "name"), ("Name,NAME", "name"), ("a,a", "a"), ("p,p:number", "p")],
    )
    def test_two_columns_of_one_name_are_refused_by_it(
        self, store: CatalogStore, tmp_path: Path, heading: str, name: str
    ) -> None:
        path = table(tmp_path, f"product_id,images,{heading}\nmilk,pics/1.png,x,y\n")
        with pytest.raises(Invalid, match=rf"column {name} twice \(3 and 4\)"):
            import_path(store, path)

    def test_the_line_of_excel_that_names_the_separator_is_read(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "sep=|\r\nproduct_id|images\r\nmilk|pics/1.png\r\n|\r\nx/y|pics/1.png\r\n"
        report = import_path(store, table(tmp_path, text))
        assert report.failures[0].startswith("row 5 of list.csv")
        assert report.count(RowStatus.ADDED) == 1

    def test_a_title_above_the_headings_is_passed_over_with_a_note(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "Prices of 2026;;\n;;\nShop & Co;;\nproduct_id;images;\nmilk;pics/1.png;\nb/d;;\n"
        report = import_path(store, table(tmp_path, text))
        assert report.ignored == ("passed over above the headings of list.csv: 2 rows",)
        assert report.failures[0].startswith("row 6 of list.csv")
        rows: list[list[object]] = [
            ["Prices of 2026"],
            [],
            ["product_id", "images"],
            ["tea", "pics/2.png"],
        ]
        report = taken_in(store, workbook(tmp_path, *rows), tea="added")
        assert report.ignored == ("passed over above the headings of list.xlsx: 1 row",)
        assert report.rows[0].where == "row 4 of list.xlsx"

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ('milk;"5" pipe";pics/1.png', "cannot be read"),
            (f"milk;{'x' * 140_000};pics/1.png", "field limit"),
            ("4.00123E+12;;pics/1.png", "shortened by a spreadsheet"),
            ("milk;;https://x.example/a.jpg", "an address that is not read"),
            ("milk;;file:///etc/passwd", "an address that is not read"),
        ],
    )
    def test_a_row_that_cannot_be_read_stops_no_others(
        self, store: CatalogStore, tmp_path: Path, row: str, reason: str
    ) -> None:
        text = f"product_id;name;images\n{row}\ntea;Tea;pics/2.png\n"
        report = import_path(store, table(tmp_path, text))
        assert [r.status for r in report.rows] == [RowStatus.REFUSED, RowStatus.ADDED]
        assert report.failures[0].startswith("row 2 of list.csv")
        assert reason in report.failures[0]

    def test_a_key_that_a_line_gives_twice_is_named(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = '{"product_id": "milk", "images": "pics/1.png", "images": "pics/2.png"}\n'
        report = taken_in(store, table(tmp_path, text, "list.jsonl"), **{"": "refused"})
        assert "'images' is given twice" in report.failures[0]


class TestCharacters:
    @pytest.mark.parametrize(
        "encode",
        [
            lambda text: codecs.BOM_UTF8 + text.encode(),
            lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
            lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
            lambda text: text.encode("utf-16-le"),
            lambda text: text.encode("utf-16-be"),
            lambda text: codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
            lambda text: text.replace("\n", "\r").encode(),
            lambda text: text.replace("\n", "\r\n").encode(),
        ],
    )
    @pytest.mark.parametrize("name", ["list.csv", "list.jsonl", "list.txt"])
    def test_marks_and_line_ends_of_all_systems_are_read(
        self, store: CatalogStore, tmp_path: Path, encode: Callable[[str], bytes], name: str
    ) -> None:
        rows = "product_id\tname\timages\nmilk\tMüsli 日本\tpics/1.png\n"
        line = {"product_id": "milk", "name": "Müsli 日本", "images": ["pics/1.png"]}
        lines = f"\n{json.dumps(line, ensure_ascii=False)}\n\n"
        text = lines.lstrip("\n") if name.endswith("jsonl") else rows
        taken_in(store, table(tmp_path, encode(text), name), milk="added")
        assert store.product("milk").name == "Müsli 日本"

    @pytest.mark.parametrize("name", ["Früchte-Müsli 1,99 €", "Bœuf “haché”", "Smörgås ½ l", "Çay"])
    def test_windows_western_page_is_read_with_a_note(
        self, store: CatalogStore, tmp_path: Path, name: str
    ) -> None:
        text = f"product_id;name;images\nmilk;{name};pics/1.png\n"
        report = taken_in(store, table(tmp_path, text.encode("cp1252")), milk="added")
        assert store.product("milk").name == name
        assert name[:6] in report.ignored[0]

    @pytest.mark.parametrize(
        ("name", "page"),
        [
            ("Masło śmietankowe żółte", "cp1250"),
            ("Молоко", "cp1251"),
            ("Γάλα", "cp1253"),
            ("Früchte-Müsli", "mac_roman"),
            ("牛乳", "shift_jis"),
            ("牛奶", "gbk"),
        ],
    )
    def test_another_page_is_refused_rather_than_guessed(
        self, store: CatalogStore, tmp_path: Path, name: str, page: str
    ) -> None:
        text = f"product_id;name;images\nmilk;{name};pics/1.png\n"
        with pytest.raises(Invalid, match=r"list\.csv is neither UTF-8.*save it as UTF-8"):
            import_path(store, table(tmp_path, text.encode(page)))

    @pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
    @pytest.mark.parametrize("name", ["Früchte-Müsli.png", "Ångström é.png", "ガム.png"])
    def test_a_picture_is_found_whatever_form_its_letters_have(
        self,
        store: CatalogStore,
        tmp_path: Path,
        forms: tuple[Form, Form],
        name: str,
    ) -> None:
        disk, text = (unicodedata.normalize(form, name) for form in forms)
        (tmp_path / "pics").mkdir()
        (tmp_path / "pics" / disk).write_bytes(picture(1).data)
        path = tmp_path / "list.csv"
        path.write_text(f"product_id,images\nmilk,pics/{text}\n", encoding="utf-8")
        taken_in(store, path, milk="added")

    def test_a_picture_is_found_in_other_case_unless_two_are_meant(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "product_id,images\nmilk,Pics\\1.PNG\ntea,PICS/Tea.png\n"
        path = table(tmp_path, text)
        for name in ("tea.png", "TEA.png"):
            (tmp_path / "pics" / name).write_bytes(picture(4).data)
        report = taken_in(store, path, milk="added", tea="refused")
        assert "name one as it is written" in report.failures[0]


class TestWorkbooks:
    def test_a_workbook_is_read_as_it_shows_its_values(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        path = workbook(
            tmp_path,
            [],
            ["Product ID", "Name", "Images", "price:number", "ean", "day", "share", "vegan", None],
            [4001234567890, "Milk", "pics/1.png;pics/2.png", 1.299, 4001234567890],
            [None, None, "  ", None],
            ["tea", "Tea", "pics/3.png", "1,99", "0012", datetime(2026, 11, 30), 0.1 + 0.2, True],
        )
        taken_in(store, path, **{"4001234567890": "added", "tea": "added"})
        assert attributes(store, "4001234567890") == {"price": 1.299, "ean": "4001234567890"}
        assert attributes(store, "tea") == {
            "price": 1.99,
            "ean": "0012",
            "day": "2026-11-30",
            "share": "0.3",
            "vegan": "true",
        }

    def test_zeros_that_a_format_shows_are_kept(self, store: CatalogStore, tmp_path: Path) -> None:
        rows = (["product_id", "images"], [12, "pics/1.png"])
        path = workbook(tmp_path, *rows, form="000000")
        taken_in(store, path, **{"000012": "added"})

    def test_an_error_and_a_formula_without_a_value_refuse_their_row(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        rows: list[list[object]]
        rows = [["a", "pics/1.png", "#N/A"], ["b", "pics/2.png", "=1+1"], ["c", "pics/3.png", 1]]
        path = workbook(tmp_path, ["product_id", "images", "price:number"], *rows)
        report = taken_in(store, path, a="refused", b="refused", c="added")
        assert "the error #N/A in column 3" in report.failures[0]
        assert "never calculated" in report.failures[1]

    def test_the_sheet_with_products_is_taken_and_the_others_are_named(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        fill(tmp_path, pics=[1])
        excel = Workbook()
        sheet_of(excel).title = "Read me"
        sheet_of(excel).append(["Prices of 2026"])
        for row in (["product_id", "images"], ["milk", "pics/1.png"]):
            excel.create_sheet("Products") if "Products" not in excel.sheetnames else None
            excel["Products"].append(list(row))
        excel.save(tmp_path / "products.xlsx")
        report = taken_in(store, tmp_path, milk="added")
        assert report.ignored == ("sheet 'Read me' in products.xlsx was passed over",)
        assert report.rows[0].where == "row 2 of 'Products' in products.xlsx"

    def test_a_workbook_is_known_by_its_bytes(self, store: CatalogStore, tmp_path: Path) -> None:
        rows = (["product_id", "images"], ["milk", "pics/1.png"])
        taken_in(
            store, workbook(tmp_path, *rows, name="a.xlsx").rename(tmp_path / "a.csv"), milk="added"
        )

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password or of Excel before 2007"),
            (b"PK\x03\x04" + bytes(600), "no .xlsx workbook"),
            (b"<html><table><tr><td>product_id", "web page"),
            (b"%PDF-1.7", "a document"),
        ],
    )
    @pytest.mark.parametrize("name", ["list.xls", "list.xlsx", "list.csv"])
    def test_other_files_are_refused_with_the_way_out(
        self, store: CatalogStore, tmp_path: Path, data: bytes, reason: str, name: str
    ) -> None:
        with pytest.raises(Invalid, match=reason) as caught:
            import_path(store, table(tmp_path, data, name))
        assert "CSV UTF-8" in str(caught.value)

    def test_a_damaged_workbook_is_one_sentence(self, tmp_path: Path) -> None:
        whole = workbook(tmp_path, ["product_id", "images"], ["milk", "pics/1.png"])
        with zipfile.ZipFile(whole) as opened:
            parts = {name: opened.read(name) for name in opened.namelist()}
        broken = tmp_path / "broken.xlsx"
        for name in parts:
            for damage in (b"", b"<", parts[name][:-20], b"\xff" * 50, b"<a/>"):
                with zipfile.ZipFile(broken, "w") as archive:
                    for other, data in parts.items():
                        archive.writestr(other, damage if other == name else data)
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    sentence = refusal(broken)
                assert "\n" not in sentence

    def test_a_bomb_is_refused_before_it_is_unpacked(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        path = workbook(tmp_path, ["product_id", "images"], ["milk", "pics/1.png"])
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings2.xml", bytes(201_000_000))
        with pytest.raises(Invalid, match="would unpack to"):
            import_path(store, path)

    def test_a_sheet_of_too_many_cells_is_refused(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        fill(tmp_path, pics=[1])
        excel = Workbook()
        sheet_of(excel).append(["product_id", "images"])
        for row in range(2, 400):
            sheet_of(excel).cell(row, 16384, "x")
        excel.save(tmp_path / "list.xlsx")
        with pytest.raises(Invalid, match="over 5,000,000 cells"):
            import_path(store, tmp_path / "list.xlsx")


ODD_TEXTS = st.sampled_from(
    [
        "",
        ".",
        "..",
        "/",
        "\\",
        "./",
        "a/..",
        "s3://",
        "s3://b/",
        "s3://b/k",
        "C:\\x",
        "\0",
        "\ud800",
    ]
) | st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 10**308, 2**63])
    | st.floats()
    | ODD_TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXTS, inner, max_size=3),
)
KEYS = st.sampled_from(["images", "name", "description", "attributes", "keep", "price"]) | ODD_TEXTS
QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check_odd(path: Path, where: str) -> None:
    """An odd row is refused, or taken in without what is odd; the next one is taken in."""
    store = new_store(MemoryStorage())
    report = import_path(store, path, fetch=None)
    odd, good = report.rows
    assert good.status is RowStatus.ADDED
    for sentence in (*odd.problems, *odd.notes, *report.ignored):
        sentence.encode()
        assert len(sentence.splitlines()) == 1
    odd.product_id.encode()
    if odd.status is RowStatus.REFUSED:
        assert any(where in sentence for sentence in odd.problems)


@QUICK
@given(record=st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_value_of_a_line_is_refused_by_its_line_or_taken(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    lines = [{"product_id": "odd", **record}, {"product_id": "good", "images": ["pics/2.png"]}]
    text = "\n".join(map(json.dumps, lines))
    check_odd(table(folder, text, "list.jsonl"), "line 1")


@QUICK
@given(cells=st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=4, max_size=4))
def test_every_cell_of_a_table_is_refused_by_its_row_or_taken(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    text = f"product_id,images,name,price:number,x:list\nodd,{quoted}\ngood,pics/2.png,,,\n"
    check_odd(table(tmp_path_factory.mktemp("odd"), text), "of list.csv")


@pytest.mark.parametrize(
    "value", [["."], ["./"], [""], 10**400, {"a": 10**400}, ["\ud800.png"], ["s3://b/\ud800"]]
)
def test_a_value_that_ended_whole_imports_refuses_its_row_alone(
    tmp_path: Path, value: object
) -> None:
    lines = [{"product_id": "odd", "images": value}, {"product_id": "good", "images": "pics/2.png"}]
    path = table(tmp_path, "\n".join(map(json.dumps, lines)), "list.jsonl")
    report = import_path(new_store(MemoryStorage()), path, fetch=lambda _: b"")
    assert [row.status for row in report.rows] == [RowStatus.REFUSED, RowStatus.ADDED]
