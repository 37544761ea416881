"""Names that others rely on: they stay, or `recorded/` says on purpose that they do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.http.serving import Service
from tests.golden import published
from tests.golden.program import RECORDED, recorded, unpacked
from tests.golden.shelf import picture_of

# Commands that came after the help was recorded; what was there stays to the letter.
NEW_COMMANDS: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = unpacked("shop", tmp_path_factory.mktemp("golden"))
    with published.served(folder) as running:
        yield running


def test_the_openapi_document_is_as_it_was() -> None:
    expected, found = recorded("openapi.json"), published.openapi()
    sorted_found = _sorted(found)
    assert published.differences(expected, sorted_found) == []


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_every_command_helps_as_it_did() -> None:
    expected = published.help_of((RECORDED / "help.txt").read_text(encoding="utf-8"))
    found = published.help_pages()
    assert found.keys() - expected.keys() == NEW_COMMANDS
    for name, page in expected.items():
        # A group's page lists its commands, so new ones stand on it.
        if not any(new.rpartition(" ")[0] == name for new in NEW_COMMANDS):
            assert published.compared(page, found.get(name, "")) == "", name


def test_settings_have_their_names_and_defaults() -> None:
    assert published.differences(recorded("settings.json"), published.settings()) == []


def test_the_manifest_has_its_entries_and_options() -> None:
    assert published.differences(recorded("manifest.json"), published.manifest()) == []


def test_metrics_have_their_names_and_labels(service: Service) -> None:
    files = {"image": ("tea.png", picture_of("tea"), "image/png")}
    service.client.post("/v1/catalogs/shop/identify", files=files).raise_for_status()
    expected, found = recorded("metrics.json"), published.metrics(service)
    assert found.keys() == expected.keys()
    for name, metric in expected.items():
        assert (metric["help"], metric["type"]) == (found[name]["help"], found[name]["type"]), name
        for sample, labels in found[name]["labels"].items():
            assert metric["labels"].get(sample, labels) == labels, sample


def test_the_folder_of_recorded_documents_holds_nothing_else() -> None:
    kinds = {"cartons", "commands", "http", "manifest", "metrics", "openapi", "settings"}
    assert {path.name for path in Path(RECORDED).iterdir()} == {
        "help.txt",
        *(f"{kind}.json" for kind in kinds),
    }
