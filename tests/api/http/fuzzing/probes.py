"""Every place of every operation that takes a value, filled from the edges of its type."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from tests.api.http.fuzzing.edges import NUMBERS, OTHERS, TEXTS

METHODS: Final = ("get", "put", "post", "delete", "patch", "options", "head")
BOUNDARY: Final = "XedgeX"
_HOLE: Final = "the value that is tried"

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Probe:
    """One request with one odd value.

    Attributes:
        what: for people who read a failure.
        method: of HTTP.
        path: percent-encoded, with its query.
        headers: besides the usual.
        body: as it is sent.
    """

    what: str
    method: str
    path: str
    headers: Mapping[str, bytes] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Operation:
    """An operation of the API, with a good value for each of its places.

    Attributes:
        method: of HTTP.
        template: of the path.
        good: of the path's parameters.
        query: names of the query's parameters.
        headers: names of the headers that it reads.
        bodies: by media type, what the document says of them.
    """

    method: str
    template: str
    good: Mapping[str, str]
    query: tuple[str, ...]
    headers: tuple[str, ...]
    bodies: Json

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.method} {self.template}"

    def path(self, **odd: str) -> str:
        """Return its path with some values, which are percent-encoded, instead of the good ones."""
        values = {name: quote(value, safe="") for name, value in self.good.items()} | odd
        return self.template.format(**values)


def operations(document: Json, good: Mapping[str, str]) -> Iterator[Operation]:
    """Read them off an OpenAPI document.

    Args:
        document: of OpenAPI.
        good: values of the paths' parameters by name.
    """
    for template, methods in document["paths"].items():
        for method, described in methods.items():
            if method not in METHODS:
                continue
            places = described.get("parameters", [])
            named = {kind: [p["name"] for p in places if p["in"] == kind] for kind in _KINDS}
            yield Operation(
                method.upper(),
                template,
                {name: good[name] for name in named["path"]},
                tuple(named["query"]),
                tuple(named["header"]),
                _resolved(described.get("requestBody", {}).get("content", {}), document),
            )


_KINDS: Final = ("path", "query", "header")


def probes(operation: Operation, picture: bytes) -> Iterator[Probe]:
    """Return an operation's requests, one odd value in each."""
    plain = _plain(operation, picture)
    for name in operation.good:
        for text in _in_paths():
            path = operation.path(**{name: text})
            yield replace(plain, what=f"{{{name}}} = {_short(text)}", path=path)
    for name in operation.query:
        for text in map(_quoted, TEXTS):
            path = f"{plain.path}?{name}={text}"
            yield replace(plain, what=f"?{name}={_short(text)}", path=path)
    for name in operation.headers:
        for value in _in_headers():
            headers = {**plain.headers, name: value}
            yield replace(plain, what=f"{name}: {value[:60]!r}", headers=headers)
    for kind, described in operation.bodies.items():
        for what, body in _bodies(kind, described, picture):
            headers = {"Content-Type": _content_type(kind)}
            yield replace(plain, what=f"{kind} {what}", headers=headers, body=body)


def _plain(operation: Operation, picture: bytes) -> Probe:
    """The request as it should be."""
    plain = Probe("plain", operation.method, operation.path())
    for kind, described in operation.bodies.items():
        headers = {"Content-Type": _content_type(kind)}
        if kind.endswith("json"):
            return replace(plain, headers=headers, body=json.dumps(_example(described)).encode())
        if kind.startswith("multipart"):
            return replace(plain, headers=headers, body=_form(_fields(described, picture)))
        return replace(plain, headers=headers, body=picture)
    return plain


def _bodies(kind: str, described: Json, picture: bytes) -> Iterator[tuple[str, bytes]]:
    if kind.endswith("json"):
        example = _example(described)
        names = [*described.get("schema", {}).get("properties", {}), *example]
        for name in dict.fromkeys([*names, "an unknown one"]):
            for token in _tokens():
                text = json.dumps({**example, name: _HOLE})
                body = text.replace(json.dumps(_HOLE), token).encode("utf-8", "surrogatepass")
                yield f"{name} = {_short(token)}", body
        for token in _tokens():
            yield f"= {_short(token)}", token.encode("utf-8", "surrogatepass")
    elif kind.startswith("multipart"):
        fields = _fields(described, picture)
        for name in [*fields, "an unknown one"]:
            for text in (*TEXTS, *NUMBERS, *OTHERS):
                odd = {**fields, name: text.encode("utf-8", "surrogatepass")}
                yield f"{name} = {_short(text)}", _form(odd)
    else:
        for text in TEXTS:
            yield f"= {_short(text)}", text.encode("utf-8", "surrogatepass")


def _tokens() -> Iterator[str]:
    yield from map(json.dumps, TEXTS)
    yield from NUMBERS
    yield from OTHERS


def _in_paths() -> Iterator[str]:
    yield from map(_quoted, filter(None, TEXTS))
    yield from ("%ff", "%ed%a0%80", "%c0%af", "%2e%2e%2f", "%252e", "a%2fb", "%", "%zz", "%u0041")


def _in_headers() -> Iterator[bytes]:
    for text in TEXTS:
        value = text.encode("utf-8", "surrogatepass")
        if not set(value) & set(b"\r\n\0") and value.strip() == value:
            yield value
    yield from (b"\xff\xfe", b"\xed\xa0\x80")


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _fields(described: Json, picture: bytes) -> dict[str, bytes]:
    """A form's fields: a picture where one belongs, else nothing yet."""
    found: dict[str, bytes] = {}
    for name, schema in described["schema"].get("properties", {}).items():
        inner = schema.get("items", schema)
        found[name] = picture if inner.get("format") == "binary" else b""
    return {**found, **({"product_id": b"edge"} if "product_id" in found else {})}


def _form(fields: Mapping[str, bytes]) -> bytes:
    parts: list[bytes] = []
    for name, value in fields.items():
        file = '; filename="a.png"' if value.startswith(b"\x89PNG") else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        if value or name == "an unknown one":
            parts.append(head.encode() + value + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _content_type(kind: str) -> bytes:
    if kind.startswith("multipart"):
        return f"{kind}; boundary={BOUNDARY}".encode()
    return kind.replace("*", "png").encode()


def _example(described: Json) -> dict[str, Any]:
    example = described.get("example", described.get("schema", {}).get("example", {}))
    return dict(example)


def _resolved(part: Any, document: Json) -> Any:
    """Return a part of the document with what it refers to in its place."""
    if isinstance(part, list):
        return [_resolved(item, document) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        *_, name = part["$ref"].split("/")
        return _resolved(document["components"]["schemas"][name], document)
    return {name: _resolved(item, document) for name, item in part.items()}


def _short(text: str) -> str:
    return ascii(text if len(text) <= 60 else f"{text[:40]}… ({len(text)})")
