"""Requests that nobody should send: broken pictures, bombs, wrong types, bodies that lie."""

import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from tests.catalog.support.fakes import pixels

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
LOOKING: Final = ("identify", "explain?product_id=tea", "search")
FORM: Final = "multipart/form-data; boundary=XX"
Headers = dict[str, str]


@dataclass(frozen=True)
class Sent:
    """One request.

    Attributes:
        what: for people who read a failure.
        method: of HTTP.
        path: with its query.
        body: as it is sent.
        headers: besides the usual.
        may_be_fine: whether it may be taken after all: the damage may lie where nobody looks.
    """

    what: str
    method: str
    path: str
    body: bytes = b""
    headers: Headers = field(default_factory=dict)
    may_be_fine: bool = False


def hostile(seed: int) -> Iterator[Sent]:
    """Requests without end, the same for the same seed."""
    dice = random.Random(seed)
    whole = {kind: _picture(kind) for kind in FORMATS}
    kinds: list[tuple[int, Callable[[random.Random], Sent]]] = [
        (50, lambda dice: _mutated(dice, whole)),
        (10, lambda dice: _bomb(dice)),
        (10, lambda dice: _wrong_type(dice, whole)),
        (12, lambda dice: _broken_form(dice, whole)),
        (14, lambda dice: _broken_json(dice)),
        (4, lambda dice: _strange_headers(dice)),
    ]
    weights = [weight for weight, _ in kinds]
    while True:
        (_, make) = dice.choices(kinds, weights)[0]
        yield make(dice)


def _picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels(7, 48, 40)).save(file, kind)
    return file.getvalue()


def _mutated(dice: random.Random, whole: dict[str, bytes]) -> Sent:
    kind = dice.choice(FORMATS)
    data = bytearray(whole[kind])
    damage = dice.choice(("cut", "flip", "flip", "insert", "repeat", "zero", "head", "shuffle"))
    at = dice.randrange(len(data))
    match damage:
        case "cut":
            del data[at:]
        case "flip":
            for _ in range(dice.choice((1, 1, 4, 64))):
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        case "insert":
            data[at:at] = dice.randbytes(dice.randrange(1, 200))
        case "repeat":
            data[at:at] = data[: dice.randrange(len(data))]
        case "zero":
            data[at : at + 64] = bytes(len(data[at : at + 64]))
        case "head":
            data[: dice.randrange(1, 40)] = dice.randbytes(dice.randrange(1, 40))
        case _:
            half = len(data) // 2
            data = data[half:] + data[:half]
    return _looked_at(dice, f"{kind} {damage}", bytes(data), may_be_fine=True)


def _looked_at(dice: random.Random, what: str, data: bytes, *, may_be_fine: bool) -> Sent:
    """A picture on one of the ways in."""
    if dice.random() < 0.1:
        product_id = f"p{dice.randrange(10**9)}"
        body = _form(("product_id", None, product_id.encode()), ("images", "a.png", data))
        path = "/v1/catalogs/shop/products"
        return Sent(f"{what}, enrolled", "POST", path, body, _typed(FORM), may_be_fine)
    path = f"/v1/catalogs/shop/{dice.choice(LOOKING)}"
    if dice.random() < 0.5:
        body = _form(("image", "a.jpg", data))
        return Sent(f"{what} in a form", "POST", path, body, _typed(FORM), may_be_fine)
    kind = dice.choice(("image/png", "image/jpeg", "image/x-none", "application/octet-stream"))
    return Sent(what, "POST", path, data, _typed(kind), may_be_fine)


def _bomb(dice: random.Random) -> Sent:
    bombs: dict[str, Callable[[], bytes]] = {
        "PNG of 900 megapixels": lambda: _png(30_000, 30_000, bytes(100_000)),
        "PNG of 2^31 columns": lambda: _png(2**31 - 1, 1, bytes(10)),
        "PNG of no columns": lambda: _png(0, 0, b""),
        "PNG whose rows never come": lambda: _png(4_000, 4_000, bytes(10)),
        "PNG with a text of 100 MB": lambda: _png(32, 32, bytes(4_000), text=bytes(100_000_000)),
        "GIF of 65535 x 65535": lambda: b"GIF89a" + b"\xff" * 4 + b"\xf7\0\0" + bytes(768),
        "BMP of 2^30 rows": lambda: _bmp(2**16, 2**30),
        "TIFF that points at itself": lambda: b"II*\0\x08\0\0\0\x01\0" + b"\x08" * 13,
        "JPEG of 65500 x 65500": lambda: bytes.fromhex("ffd8ffc0001108ffdcffdc03") + bytes(40),
        "WebP of 16383 x 16383": lambda: (
            b"RIFF\x1a\0\0\0WEBPVP8X\n\0\0\0" + bytes(4) + b"\xff?\0" * 2
        ),
        "ICC profile of 50 MB": lambda: _png(32, 32, bytes(4_000), profile=bytes(50_000_000)),
    }  # fmt: skip
    what = dice.choice(sorted(bombs))
    # What is beside the pixels is not looked at, and the picture may be one.
    return _looked_at(dice, what, bombs[what](), may_be_fine="100 MB" in what or "ICC" in what)


def _wrong_type(dice: random.Random, whole: dict[str, bytes]) -> Sent:
    page = b"<html><script>alert(1)</script></html>"
    bodies = {
        "HTML": page,
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "PDF": b"%PDF-1.7\n%\xe2\xe3",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        "ELF": b"\x7fELF" + dice.randbytes(200),
        "ZIP": b"PK\x03\x04" + dice.randbytes(60),
        "text": "größer".encode("utf-16"),
        "nothing": b"",
        "noise": dice.randbytes(dice.randrange(1, 5_000)),
        "HTML before PNG": page + whole["PNG"],
        "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    }
    what = dice.choice(sorted(bodies))
    if dice.random() < 0.3:
        path = dice.choice(("/v1/catalogs/shop/videos", "/v1/catalogs/shop/import?name=x"))
        kind = dice.choice(("video/mp4", "application/octet-stream", "text/html", ""))
        # What an archive holds is found out by its job.
        return Sent(f"{what} to {path}", "POST", path, bodies[what], _typed(kind), "import" in path)
    if dice.random() < 0.3:
        kind = dice.choice(("text/html", "", "image", "\xff", "a/b; c=" + "d" * 5_000))
        path = f"/v1/catalogs/shop/{dice.choice(LOOKING)}"
        return Sent(f"{what} as {kind[:20]!r}", "POST", path, bodies[what], _typed(kind))
    return _looked_at(dice, what, bodies[what], may_be_fine=False)


def _broken_form(dice: random.Random, whole: dict[str, bytes]) -> Sent:
    good = _form(("image", "a.png", whole["PNG"]))
    part = b'--XX\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
    bodies = {
        "without its end": good[:-8],
        "of another boundary": good.replace(b"--XX", b"--YY"),
        "that ends at once": b"--XX--\r\n",
        "that is empty": b"",
        "without a name": b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n",
        "without a disposition": b"--XX\r\n\r\nx\r\n--XX--\r\n",
        "with a header of 100 kB": part + b"X: " + b"a" * 100_000 + b"\r\n\r\nx\r\n--XX--\r\n",
        "with 5000 headers": part + b"X: y\r\n" * 5_000 + b"\r\nx\r\n--XX--\r\n",
        "with a header that is none": part + b"\xff\xfe\0\r\n\r\nx\r\n--XX--\r\n",
        "with 2000 parts": _form(*((f"f{n}", None, b"x") for n in range(2_000))),
        "with 100 pictures": _form(*(("image", "a.png", whole["PNG"]) for _ in range(100))),
        "with two pictures": _form(*(("image", "a.png", whole["PNG"]) for _ in range(2))),
        "in a form": _form(("image", "a.png", good)),
        "with a file for a text": _form(("product_id", "x", b"x"), ("name", "y", b"y")),
        "with strange attributes": _form(
            ("product_id", None, b"strange"), ("attributes", None, b'{"a": {"b": [[[1]]]}}'),
            ("images", "a.png", whole["PNG"]),
        ),
        "with an id that leaves the folder": _form(
            ("product_id", None, b"../../x"), ("images", "a.png", whole["PNG"])
        ),
        "with a text that is none": _form(
            ("product_id", None, b"\xff\xfe\0"), ("images", "a.png", whole["PNG"])
        ),
        "with a query that is deep": _form(
            ("query", None, b"[" * 100_000), ("image", "a.png", whole["PNG"])
        ),
    }  # fmt: skip
    what = dice.choice(sorted(bodies))
    path = dice.choice(("products", "identify", "products/tea/images"))
    is_of_product = any(word in what for word in ("strange", "an id", "a text"))
    if is_of_product or "query" in what:
        path = "products" if is_of_product else "search"
    if what == "with two pictures":
        path = "identify"  # a product may well have two
    # Texts beside the pictures are not looked at where pictures alone are asked for.
    kind = dice.choice((FORM, FORM, "multipart/form-data", "multipart/form-data; boundary="))
    return Sent(f"form {what}", "POST", f"/v1/catalogs/shop/{path}", bodies[what], _typed(kind))


def _broken_json(dice: random.Random) -> Sent:
    valid = json.dumps({"catalog": "shop", "text": "tea", "dry_run": True}).encode()
    bodies = {
        "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "deep list": b"[" * 200_000,
        "NaN": b'{"limit": NaN, "grace_hours": NaN, "price": Infinity, "attributes": {"a": NaN}}',
        "1e999": b'{"limit": 1e999, "grace_hours": 1e999, "attributes": {"a": 1e999}}',
        "a number of 10000 digits": b'{"limit": ' + b"9" * 10_000 + b"}",
        "a negative page": b'{"limit": -1, "offset": -5}',
        "UTF-16": valid.decode().encode("utf-16"),
        "UTF-7": b"+AHsAIgBh-",
        "Latin-1": '{"text": "größe"}'.encode("latin-1"),
        "half a surrogate": b'{"catalog": "\\ud800", "name": "\\ud800", "text": 1}',
        "NUL": b'{"catalog": "a\\u0000b", "name": "\\u0000", "where": ["\\u0000=1"]}',
        "cut off": valid[: len(valid) // 2],
        "a list": b"[1, 2]",
        "null": b"null",
        "a text": b'"x"',
        "wrong types": b'{"catalog": 1, "text": [], "where": {}, "limit": "x", "name": {}}',
        "unknown": b'{"__proto__": {"admin": true}, "constructor": 1}',
        "a key of 1 MB": b'{"' + b"k" * 900_000 + b'": 1}',
        "100000 keys": json.dumps({f"k{n}": n for n in range(60_000)}).encode(),
        "a comment": b'{"a": 1} // x',
        "noise": dice.randbytes(300),
        "nothing": b"",
    }
    what = dice.choice(sorted(bodies))
    method, path = dice.choice(
        (
            ("POST", "/v1/catalogs"),
            ("POST", "/v1/catalogs/shop/search"),
            ("PATCH", "/v1/catalogs/shop/products/tea"),
            ("POST", "/v1/catalogs/shop/reconcile"),
            ("POST", "/v1/catalogs/shop/model"),
            ("POST", "/v1/catalogs/shop/feedback"),
            ("POST", "/v1/sessions"),
            ("POST", "/v1/cameras"),
            ("POST", "/v1/webhooks"),
            ("POST", "/login"),
        )
    )
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    # A search and a change pass over members that they do not know.
    passed_over = path.endswith("search") or (what == "half a surrogate" and method == "PATCH")
    return Sent(f"JSON {what} to {path}", method, path, bodies[what], _typed(kind), passed_over)


def _strange_headers(dice: random.Random) -> Sent:
    headers: dict[str, Headers] = {
        "of 100 kB": {"X-Long": "a" * 100_000},
        "a key that is none": {"Authorization": "Bearer " + "sk_" * 2_000},
        "another host": {"Host": "evil.example.com"},
        "another site": {"Origin": "https://evil.example.com"},
        "a cookie of 50 kB": {"Cookie": "skulens_session=" + "x" * 50_000, "Host": "evil"},
        "a tag that is none": {"If-Match": "x" * 10_000, "Content-Type": "application/json"},
        "a principal of one's own": {"X-Skulens-Principal": '{"scopes": ["admin"]}', "Host": "x"},
    }
    what = dice.choice(sorted(headers))
    path = f"/v1/catalogs/shop/products/nobody{dice.randrange(99)}"
    return Sent(f"headers: {what}", "DELETE", path, b"", headers[what])


def _typed(kind: str) -> Headers:
    return {"Content-Type": kind} if kind else {}


def _form(*parts: tuple[str, str | None, bytes]) -> bytes:
    return b"".join(_one(*part) for part in parts) + b"--XX--\r\n"


def _one(name: str, filename: str | None, data: bytes) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--XX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def _png(width: int, height: int, rows: bytes, *, text: bytes = b"", profile: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    more = chunk(b"zTXt", b"x\0\0" + zlib.compress(text)) if text else b""
    more += chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)) if profile else b""
    pixel_data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + pixel_data + chunk(b"IEND", b"")


def _bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1_000, 0, 0, 54) + head + bytes(900)
