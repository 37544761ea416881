"""Answers to programs: JSON of commands and of the service, events live and of a video."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.http.serving import Service
from tests.golden import published
from tests.golden.program import GoldenProgram, recorded, unpacked


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture `shop` without anything half-done."""
    made = unpacked("shop", tmp_path_factory.mktemp("golden"))
    shutil.rmtree(made / "cache")
    shutil.rmtree(made / "state" / "jobs")
    return made


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with published.served(folder) as running:
        yield running


@pytest.mark.parametrize("command", published.COMMANDS)
def test_a_command_answers_programs_as_it_did(folder: Path, command: str) -> None:
    lines = GoldenProgram(folder).did(*command.split(), "--json").lines
    expected = recorded("commands.json")[command]
    assert published.differences(expected, [published.steady(line) for line in lines]) == []


def test_the_service_answers_as_it_did(service: Service) -> None:
    expected, found = recorded("http.json"), published.http_answers(service)
    for name, answer in found.items():
        assert published.differences(expected[name], answer) == [], name


def test_a_video_is_answered_as_it_was(service: Service, folder: Path) -> None:
    found = published.video_answers(service, folder / "clip.mp4")
    assert published.differences(recorded("http.json")["video"], found) == []


def test_a_session_of_long_ago_is_streamed_as_it_was(service: Service, folder: Path) -> None:
    session_id = published.ids_of(folder)["session_id"]
    assert published.session_stream(service, session_id) == recorded("http.json")["session"]
