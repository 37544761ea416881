"""Checks of the house that no linter knows: words, class names, rooms, constants.

Run by `make lint`; prints one line per finding, and exits with 1 when there is any.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SERVING: Final = ("stream", "catalog", "matcher", "superglue", "api", "skulens")
PACKAGES: Final = (*SERVING, "client", "training", "bench", "tests", "examples", "tools")
LARGEST_ROOM: Final = 17  # entries that a person can overlook
OPENINGS: Final = re.compile(r"^([L]ikewise|As given|As above|What |Whether it is none|The same\.)")
UNITS: Final = re.compile(
    r"_(S|MS|US|NS|MINUTES|HOURS|DAYS|SECONDS|PX|PIXELS|BYTES|KB|MB|GB|BITS|HZ|FPS|DEGREES|SHARE"
    r"|PERCENT|PORT|COUNT|CHARACTERS|STATUS|VERSION|SIDE|DIMENSION|CHANNELS)$"
)


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """A place that breaks a rule of the house."""

    path: str
    line: int
    message: str


@dataclass(frozen=True)
class Words:
    """Retired words and the terms that replaced them."""

    names: dict[str, str]
    prose: dict[str, str]
    kept: frozenset[str]


@dataclass(frozen=True)
class Source:
    """A Python file, read and parsed."""

    path: str
    text: str
    tree: ast.Module


def read_words() -> Words:
    """Read the table of retired words."""
    table = tomllib.loads((ROOT / "tools" / "words.toml").read_text("utf-8"))
    return Words(table["names"], table["prose"], frozenset(table["kept"]["names"]))


def read_sources(packages: tuple[str, ...] = PACKAGES) -> list[Source]:
    """Read all Python files of some packages."""
    paths = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    texts = ((str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in paths)
    return [Source(name, text, ast.parse(text)) for name, text in texts]


def retired_names(source: Source, words: Words) -> Iterator[Flaw]:
    """Find names that hold a retired word, and loops that do not name their element."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.NAME and token.string not in words.kept:
            for part in _parts(token.string) & words.names.keys():
                instead = words.names[part]
                message = f"the name `{token.string}` holds {part!r}; write {instead}"
                yield Flaw(source.path, token.start[0], message)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.For | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name) and name.id in ("one", "each"):
                    yield Flaw(source.path, name.lineno, "a loop names its element")


def retired_prose(source: Source, words: Words) -> Iterator[Flaw]:
    """Find retired words in docstrings and comments."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        on_disk = "recorded_as(" in token.line  # a key in files keeps its word
        if token.type in (tokenize.COMMENT, tokenize.STRING) and not on_disk:
            yield from prose_findings(source.path, token.start[0], token.string, words)


def prose_findings(path: str, line: int, text: str, words: Words) -> Iterator[Flaw]:
    """Find retired words in a piece of prose."""
    for word, instead in words.prose.items():
        if re.search(rf"\b{word}s?\b", text, re.IGNORECASE):
            yield Flaw(path, line, f"the text says {word!r}; write {instead}")


def weak_docstrings(source: Source) -> Iterator[Flaw]:
    """Find docstrings that open with a riddle; those of JSON types are published and stay."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Json"):
            continue
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text is not None and OPENINGS.match(text):
            line = node.body[0].lineno  # type: ignore[attr-defined]
            yield Flaw(source.path, line, f"a docstring opens with {text.split()[0]!r}")


def bare_constants(source: Source) -> Iterator[Flaw]:
    """Find numeric constants of serving code without a unit or a reason."""
    lines = source.text.splitlines()
    body = source.tree.body
    for node, following in zip(body, [*body[1:], None], strict=True):
        name = _constant_name(node)
        if name is None or UNITS.search(name):
            continue
        above = lines[node.lineno - 2].lstrip() if node.lineno > 1 else ""
        spanned = lines[node.lineno - 1 : node.end_lineno]
        documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if not (documented or above.startswith("#") or any("#" in line for line in spanned)):
            yield Flaw(source.path, node.lineno, f"the constant {name} has no unit or reason")


def repeated_classes(sources: list[Source]) -> Iterator[Flaw]:
    """Find class names that are defined more than once."""
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append((source.path, node.lineno))
    for name, found in places.items():
        for path, line in found[1:]:
            yield Flaw(path, line, f"the class {name} is also defined in {found[0][0]}")


def full_rooms() -> Iterator[Flaw]:
    """Find folders with more entries than a person can overlook."""
    for package in (*PACKAGES, "docs"):
        for folder in [ROOT / package, *(ROOT / package).rglob("*/")]:
            entries = [path for path in folder.glob("*") if path.name != "__pycache__"]
            if len(entries) > LARGEST_ROOM and "fixtures" not in folder.parts:
                message = f"the folder has {len(entries)} entries, {LARGEST_ROOM} at most"
                yield Flaw(str(folder.relative_to(ROOT)), 0, message)


def _parts(name: str) -> set[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return {part.lower() for part in spaced.split("_") if part}


def _constant_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        name, value = node.target.id, node.value
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name, value = node.targets[0].id, node.value
    else:
        return None
    plain = ast.Constant | ast.UnaryOp | ast.BinOp | ast.Tuple | ast.operator | ast.unaryop
    is_numeric = value is not None and all(
        isinstance(part, plain | ast.expr_context) for part in ast.walk(value)
    )
    numbers = value is not None and any(
        isinstance(part, ast.Constant) and type(part.value) in (int, float)
        for part in ast.walk(value)
    )
    return name if name.strip("_").isupper() and is_numeric and numbers else None


def find_all(places: tuple[str, ...] = ("",)) -> list[Flaw]:
    """Run every check over the paths that begin with one of `places`."""
    words, sources = read_words(), read_sources()
    findings = [*repeated_classes(sources), *full_rooms()]
    for source in (source for source in sources if source.path.startswith(places)):
        findings += [*retired_names(source, words), *retired_prose(source, words)]
        findings += weak_docstrings(source)
        if source.path.split("/")[0] in SERVING:
            findings += bare_constants(source)
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            findings += prose_findings(str(page.relative_to(ROOT)), number, line, words)
            if len(line) > 120 and not line.startswith(("|", "    ", "![")):
                findings.append(Flaw(str(page.relative_to(ROOT)), number, "longer than 120"))
    return sorted(finding for finding in findings if finding.path.startswith(places))


def main() -> int:
    """Print the findings under the given paths, or all."""
    findings = find_all(tuple(sys.argv[1:]) or ("",))
    for finding in findings:
        print(f"{finding.path}:{finding.line}: {finding.message}")  # noqa: T201
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
