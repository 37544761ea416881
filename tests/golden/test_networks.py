"""The shipped networks: a catalog of theirs is read as it is, and answered about as it was."""

from pathlib import Path

import pytest

from tests.golden import published
from tests.golden.program import GoldenProgram, recorded, unpacked
from tests.networks import link_networks

pytestmark = pytest.mark.weights

# Processors multiply in different orders: probabilities and corners move in their third figure.
TOLERANCE = 0.02


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> GoldenProgram:
    folder = unpacked("cartons", tmp_path_factory.mktemp("golden"))
    link_networks(folder / "cache")
    return GoldenProgram(folder, real=True)


def test_a_catalog_a_half_done_video_and_a_recording_are_answered_about_as_they_were(
    program: GoldenProgram,
) -> None:
    data = program.folder / "data"
    before = files(data)
    assert list((program.folder / "cache").rglob("checkpoint.json"))
    found = published.network_answers(program)
    assert published.differences(recorded("cartons.json"), found, TOLERANCE) == []
    assert not list((program.folder / "cache").rglob("checkpoint.json"))
    assert files(data) | {".storage"} == before | {".storage"}  # nothing was encoded anew


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
