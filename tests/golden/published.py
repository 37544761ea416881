"""The names and answers that others rely on, as this code gives them."""

import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import httpx2

from api.settings import Settings, variables
from tests.api.http.serving import Service, serving
from tests.golden.program import ROOT, GoldenProgram
from tests.golden.shelf import finished, picture_of, sent

# What differs from run to run, or from machine to machine.
VOLATILE: Final = frozenset(
    {"elapsed_ms", "elapsed_s", "added_at", "created_at", "updated_at", "at", "write_id",
     "feedback_id", "job_id", "version", "uptime_s", "age_s", "hash"}
)  # fmt: skip
COMMANDS: Final = (
    "catalog list",
    "catalog show shop",
    "catalog feedback shop",
    "product list shop",
    "product show shop tea",
    "identify shop tea.png",
    "identify shop milk.png rice.png --whole-image",
    "explain shop tea.png milk",
    "search shop --text green --where shelf>=3 --facet brand",
    "search shop --image tea.png",
    "video shop clip.mp4",
    "watch shop recording",
    "key list",
)
NETWORK_COMMANDS: Final = (
    "identify shop photo.jpg",
    "video shop clip.mp4",
    "watch shop recording",
)
GETS: Final = (
    "/healthz",
    "/readyz",
    "/v1/catalogs",
    "/v1/catalogs/shop",
    "/v1/catalogs/shop/products",
    "/v1/catalogs/shop/products/tea",
    "/v1/catalogs/shop/products/tea/images",
    "/v1/catalogs/shop/products/none",
    "/v1/catalogs/none",
    "/v1/cameras",
    "/v1/webhooks",
    "/v1/sessions",
    "/v1/sessions/none",
    "/v1/jobs/none",
)
_HELP: Final = """
import contextlib, io, json, sys
import typer.main
from api.cli.main import application, main

def walk(command, words):
    yield words
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from walk(inner, [*words, name])

pages = {}
for words in walk(typer.main.get_command(application()), []):
    with contextlib.redirect_stdout(io.StringIO()) as page:
        assert main([*words, "--help"]) == 0
    pages[" ".join(["skulens", *words])] = page.getvalue()
print(json.dumps(pages))
"""


def openapi() -> Any:
    """The OpenAPI document, as the service gives it away.

    FastAPI and pydantic, both pinned, write it; a new version of theirs may word it anew.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, serving(Path(folder)) as service:
        return service.client.get("/v1/openapi.json").json()


def help_pages() -> dict[str, str]:
    """The help of every command, without colours and 100 letters wide."""
    plain = {"NO_COLOR": "1", "COLUMNS": "100", "TERMINAL_WIDTH": "100", "TERM": "dumb"}
    shown = {**os.environ, **plain, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS"):
        shown.pop(name, None)
    process = subprocess.run(
        [sys.executable, "-c", _HELP], env=shown, capture_output=True, text=True, check=True
    )
    pages: dict[str, str] = json.loads(process.stdout)
    return {name: _trimmed(page) for name, page in pages.items()}


def _trimmed(page: str) -> str:
    return "\n".join(line.rstrip() for line in page.strip().splitlines()) + "\n"


def help_text(pages: Mapping[str, str]) -> str:
    """All pages one behind the other."""
    return "\n".join(f"$ {name} --help\n{page}" for name, page in sorted(pages.items()))


def help_of(text: str) -> dict[str, str]:
    """The pages of `help_text`."""
    parts = re.split(r"^\$ (skulens.*) --help\n", text, flags=re.MULTILINE)[1:]
    return {name: page.strip() + "\n" for name, page in zip(parts[::2], parts[1::2], strict=True)}


def settings() -> Any:
    """Names and defaults of the settings, and what `.env.example` shows of them."""
    given = Settings()
    defaults = {
        setting.name: _default(getattr(given, setting.name)) for setting in fields(Settings)
    }
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return {
        "variables": list(variables()),
        "defaults": defaults,
        "example": re.findall(r"^#? ?([A-Z_0-9]+=.*)$", example, re.MULTILINE),
    }


def _default(value: object) -> Any:
    if isinstance(value, Path):
        text = str(value).replace(str(ROOT), "CHECKOUT")
        return re.sub(r"^.*/skulens$", "CACHE", text)
    return list(value) if isinstance(value, tuple) else value


def manifest() -> Any:
    """Names in the manifest of weights: entries, networks, their keys and options."""
    entries = json.loads((ROOT / "weights" / "manifest.json").read_text(encoding="utf-8"))
    return [
        {"name": entry["name"], "network": entry["network"], "file": entry["file"],
         "keys": sorted(entry), "options": sorted(entry["options"]),
         "figures": sorted(entry["figures"])}
        for entry in entries
    ]  # fmt: skip


def metrics(service: Service) -> Any:
    """Metrics by name: help, type, and the labels of their samples."""
    found: dict[str, Any] = {}
    for line in service.client.get("/metrics").text.splitlines():
        if line.startswith("# "):
            _, what, name, text = line.split(" ", 3)
            found.setdefault(name, {"labels": {}})[what.lower()] = text
        elif line:
            sample = re.match(r"([a-z_0-9]+)(?:\{(.*)\})? ", line)
            assert sample is not None, line
            labels = sorted(re.findall(r'(\w+)="', sample[2] or ""))
            owner = max((name for name in found if sample[1].startswith(name)), key=len)
            found[owner]["labels"][sample[1]] = labels
    return {name: metric for name, metric in found.items() if name.startswith("skulens")}


def command_answers(program: GoldenProgram) -> dict[str, Any]:
    """Answers of commands with `--json` in the folder of the fixture `shop`."""
    return {
        command: [steady(line) for line in program.did(*command.split(), "--json").lines]
        for command in COMMANDS
    }


def network_answers(program: GoldenProgram) -> dict[str, Any]:
    """Answers of commands with `--json` in the folder of the fixture `cartons`."""
    return {
        command: [steady(line) for line in program.did(*command.split(), "--json").lines]
        for command in NETWORK_COMMANDS
    }


def http_answers(service: Service) -> dict[str, Any]:
    """Answers of the service about the fixture `shop`."""
    client = service.client
    answers = {f"GET {path}": shown(client.get(path)) for path in GETS}
    for name, path, more in (
        ("identify", "/v1/catalogs/shop/identify", {}),
        ("explain", "/v1/catalogs/shop/explain?product_id=milk", {}),
        ("search by picture", "/v1/catalogs/shop/search", {"data": {"query": '{"limit": 2}'}}),
        ("identify without a picture", "/v1/catalogs/shop/identify", {"files": {"x": b"y"}}),
    ):
        files = {"image": ("tea.png", picture_of("tea"), "image/png")}
        answers[name] = shown(client.post(path, **{"files": files, **more}))  # type: ignore[arg-type]
    query = {"text": "gren", "where": ["shelf>=3"], "facets": ["brand"]}
    answers["search"] = shown(client.post("/v1/catalogs/shop/search", json=query))
    wrong = {"text": 7, "colour": "red"}
    answers["wrong search"] = shown(client.post("/v1/catalogs/shop/search", json=wrong))
    return answers


def video_answers(service: Service, clip: Path) -> dict[str, Any]:
    """A video's job, its result and its events, whose time is that of the upload."""
    job = finished(service, sent(service, clip))
    events = service.client.get(f"/v1/videos/{job['job_id']}/events").json()
    for event in events["events"]:
        event["timestamp"] = type(event["timestamp"]).__name__
    return {"job": steady(job), "events": steady(events)}


def session_stream(service: Service, session_id: str) -> list[list[str]]:
    """The stream of a session that has ended, to the letter."""
    text = service.client.get(f"/v1/sessions/{session_id}/events").text
    return [part.splitlines() for part in text.strip().split("\n\n")]


def shown(answer: httpx2.Response) -> Any:
    """Status, type and steady body of an answer."""
    kind = answer.headers.get("content-type", "")
    body = steady(answer.json()) if "json" in kind else answer.text
    return {"status": answer.status_code, "type": kind, "body": body}


def steady(value: Any) -> Any:
    """A JSON value in which what differs from run to run is replaced by its type."""
    if isinstance(value, dict):
        return {
            key: type(item).__name__ if key in VOLATILE else steady(item)
            for key, item in value.items()
        }
    return [steady(item) for item in value] if isinstance(value, list) else value


def differences(expected: Any, found: Any, tolerance: float = 1e-6, where: str = "") -> list[str]:
    """Where two JSON values differ; numbers may, by a share of their size.

    The order of keys counts: people read these answers, too.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return [f"{where}: keys {list(expected)} became {list(found)}"]
        pairs = [(f"{where}.{key}", expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{where}: {len(expected)} became {len(found)}: {expected} {found}"]
        both = zip(expected, found, strict=True)
        pairs = [(f"{where}[{number}]", *pair) for number, pair in enumerate(both)]
    elif isinstance(expected, float) and isinstance(found, int | float):
        close = abs(expected - found) <= tolerance * max(1.0, abs(expected))
        return [] if close else [f"{where}: {expected} became {found}"]
    else:
        return [] if expected == found else [f"{where}: {expected!r} became {found!r}"]
    return [
        line for at, before, after in pairs for line in differences(before, after, tolerance, at)
    ]


def compared(expected: str, found: str) -> str:
    """Two texts' differing lines; empty when there are none."""
    return "\n".join(difflib.unified_diff(expected.splitlines(), found.splitlines(), n=1))


@contextmanager
def served(folder: Path) -> Iterator[Service]:
    """A service over the fixture `shop`, asked with its key, which is good for nothing else."""
    with serving(folder) as service:
        service.client.headers["Authorization"] = f"Bearer {ids_of(folder)['key']}"
        yield service


def ids_of(folder: Path) -> dict[str, str]:
    """Ids in the fixture `shop` that were made up when it was recorded."""
    ids: dict[str, str] = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
    return ids
