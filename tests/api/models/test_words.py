from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from api.models.words import load_word_reader
from api.settings import SHIPPED_WEIGHTS, Settings
from matcher.errors import WeightsError
from matcher.networks.weights import (
    Network,
    WeightsEntry,
    WeightsManifest,
    read_manifest,
    write_manifest,
)
from tests.networks import link_networks

Change = Callable[[WeightsEntry], WeightsEntry]


def settings_with(folder: Path, change: Change) -> Settings:
    """Settings of a weights folder that lists changed text networks only."""
    shipped = read_manifest(SHIPPED_WEIGHTS)
    texts = [*shipped.of_network(Network.TEXT_LINES), *shipped.of_network(Network.TEXT_READER)]
    write_manifest(WeightsManifest(folder, tuple(change(entry) for entry in texts)))
    return Settings(weights=folder, cache_dir=link_networks(folder / "cache"))


@pytest.mark.weights
def test_the_shipped_reader_loads_unless_the_settings_do_without(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, lambda entry: entry)
    assert load_word_reader(settings) is not None
    assert load_word_reader(replace(settings, words=False)) is None


def test_world_without_its_package_there_is_no_reader_and_one_line_says_which(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_with(tmp_path, lambda entry: replace(entry, package="no-such-reader==1.0"))
    assert load_word_reader(settings) is None
    (message,) = caplog.messages
    assert "no words are read" in message
    assert "pip install --no-deps --force-reinstall no-such-reader==1.0" in message


def test_world_a_file_of_another_hash_is_refused_by_name(tmp_path: Path) -> None:
    settings = settings_with(
        tmp_path, lambda entry: replace(entry, file="pytest/py.typed", package="pytest==1.0")
    )
    with pytest.raises(WeightsError, match=r"py\.typed is not the file that pytest==1\.0 brings"):
        load_word_reader(settings)


def test_a_folder_without_a_reader_has_none_and_half_a_reader_is_refused(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, lambda entry: entry)
    listed = read_manifest(tmp_path)
    write_manifest(WeightsManifest(tmp_path, ()))
    assert load_word_reader(settings) is None
    lines = listed.of_network(Network.TEXT_LINES)
    write_manifest(WeightsManifest(tmp_path, lines))
    with pytest.raises(WeightsError, match="SKULENS_WORDS=no"):
        load_word_reader(settings)
