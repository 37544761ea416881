"""A weights file that a full disk or a broken copy left is named, with what mends it."""

from pathlib import Path

import pytest

from api.services import LocalServices
from api.settings import SHIPPED_WEIGHTS, Settings
from matcher.errors import WeightsError

pytestmark = pytest.mark.weights

SHIPPED = sorted(path.name for path in SHIPPED_WEIGHTS.iterdir())
WHOLE = [name for name in SHIPPED if name != "manifest.json"]


def damaged(folder: Path, name: str, keep: float | None) -> Path:
    """Make a copy of the shipped weights in which of one file only a share is left, or nothing."""
    folder.mkdir()
    for path in SHIPPED_WEIGHTS.iterdir():
        if path.name != name:
            (folder / path.name).symlink_to(path)
    if keep is not None:
        data = (SHIPPED_WEIGHTS / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * keep)])
    return folder


def load_all(weights: Path) -> None:
    services = LocalServices(Settings(weights=weights, threads=1))
    for loaded in (services.models, services.crops.proposer, services.crops.framer):
        assert loaded


def refusal(weights: Path) -> str:
    with pytest.raises(WeightsError) as refused:
        load_all(weights)
    return str(refused.value)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize(
    ("keep", "fault"),
    [(0.0, "is empty"), (0.6, "is cut off: "), (0.999, "is cut off: "), (None, "cannot read the")],
)
def test_world_a_weights_file_cut_off_empty_or_gone_is_named_with_what_mends_it(
    tmp_path: Path, name: str, keep: float | None, fault: str
) -> None:
    weights = damaged(tmp_path / "weights", name, keep)
    message = refusal(weights)
    assert fault in message
    assert str(weights / name) in message
    assert "copy it again from where it came from" in message
    assert "\n" not in message


@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_world_a_manifest_cut_off_or_empty_is_named_with_what_mends_it(
    tmp_path: Path, keep: float
) -> None:
    weights = damaged(tmp_path / "weights", "manifest.json", keep)
    message = refusal(weights)
    assert message.startswith(f"cannot read the weights manifest {weights / 'manifest.json'}: ")
    assert message.endswith("; copy it again from where it came from.")
