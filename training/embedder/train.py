"""Trains the embedder: views of one product together, everything else apart.

Supervised contrastive loss over batches in which near-twins stand side by side, and against a
memory of the batches before (`training.embedder.cross_batch_memory`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from matcher.networks.resnet import INPUT_SIDE, EmbeddingNet, to_input
from matcher.retrieval.untrained import ColourEmbedder
from training.augment.camera_gpu import apply_shots
from training.data.carton_boxes import locate_cartons
from training.data.instances import (
    Instance,
    InstanceKind,
    beverage_instances,
    clothing_instances,
    grocery_instances,
    household_instances,
    print_instances,
    read_data_backgrounds,
)
from training.data.sources import TrainingData
from training.embedder.cross_batch_memory import CrossBatchMemory
from training.embedder.metrics import RetrievalSet, read_held_out_set
from training.embedder.sampler import ViewBatch, ViewSampler, join_batches
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport, Progress
from training.loop.trainer import RunOptions, Trainer

TEMPERATURE: Final = 0.1
# Pixels by share of the budget. Small views first: in an hour of one core many views are worth more
# than sharp ones. The last size is the one that is served: at another, the figures are halved.
_SIDES: Final = ((0.74, 64), (1.0, 96))
_PEAK_RATE: Final = 1.2e-3
_WEIGHT_DECAY: Final = 0.03
# Views of the last fifty steps: of each kind of produce more than forty.
_REMEMBERED: Final = 4800
_CLOTHES: Final = 1500
_FAMILIES: Final = 700
_BACKGROUNDS: Final = 420
_EVALUATION_BATCH: Final = 32


def supervised_contrastive(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the mean over views of -log softmax of their siblings among all other views.

    Args:
        embeddings: (B, D) float32, unit length; every label occurs at least twice.
        labels: (B,).
        temperature: the smaller, the more the nearest strangers count.
    """
    similarity = embeddings @ embeddings.T / temperature
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    logits = similarity.masked_fill(itself, -torch.inf)
    siblings = (labels[:, None] == labels[None]) & ~itself
    log_share = logits - logits.logsumexp(dim=1, keepdim=True)
    per_view = log_share.masked_fill(~siblings, 0.0).sum(dim=1) / siblings.sum(dim=1)
    return -per_view.mean()


def to_images(batch: ViewBatch, device: str) -> Tensor:
    """Return a batch's views as (B, 3, side, side) float32 in [0, 1] on the device."""
    return torch.from_numpy(batch.images).to(device).permute(0, 3, 1, 2).float().div_(255)


def embedding_loss(
    net: nn.Module, images: Tensor, batch: ViewBatch, memory: CrossBatchMemory | None = None
) -> Tensor:
    """Return the loss of a batch's pictures, computed in bfloat16 as far as that is safe.

    With a memory they are compared with its views as well, and then kept in it.
    """
    with torch.autocast(images.device.type, torch.bfloat16):
        embeddings: Tensor = net(images.contiguous(memory_format=torch.channels_last))
    labels = torch.from_numpy(batch.labels).to(images.device)
    loss = supervised_contrastive(embeddings, labels, TEMPERATURE)
    if memory is None:
        return loss
    loss = loss + memory.contrast(embeddings, labels, TEMPERATURE)
    memory.keep(embeddings, labels)
    return loss


def read_training_instances(data: TrainingData, out: Path) -> list[Instance]:
    """Read every class that the embedder is trained on."""
    located = locate_cartons(data, out / "located.json")
    return [
        *grocery_instances(data, located),
        *household_instances(data),
        *clothing_instances(data, _CLOTHES),
        *print_instances(_FAMILIES),
        *beverage_instances(data),
    ]


def make_sampler(
    data: TrainingData, out: Path, rng: np.random.Generator, *, take_shots: bool = True
) -> ViewSampler:
    """Return a sampler of views of everything that may be trained on; blocks while reading.

    Args:
        data: the data folder.
        out: folder that keeps the boxes of located cartons.
        rng: source of every random draw.
        take_shots: photograph the views at once, see `ViewSampler`.
    """
    places = read_data_backgrounds(data, _BACKGROUNDS)
    return ViewSampler(read_training_instances(data, out), places, rng, take_shots=take_shots)


def embed_crops(
    net: nn.Module, crops: Sequence[NDArray[np.uint8]], device: str = "cpu", side: int = INPUT_SIDE
) -> NDArray[np.float32]:
    """Embed crops as (N, 256) unit vectors, in float32 arithmetic."""
    net.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(crops), _EVALUATION_BATCH):
            batch = to_input(crops[start : start + _EVALUATION_BATCH], side)
            parts.append(net(batch.to(device)).cpu().numpy())
    return np.concatenate(parts)


def view_side(share: float) -> int:
    """Return the pixels of views at that share of the budget."""
    return next(side for until, side in _SIDES if share <= until)


def train_embedder(options: RunOptions, report: OnReport) -> Path:
    """Train within the time bound; return the checkpoint of the best averaged network.

    Blocks for `options.minutes`; see `Trainer.run` for what it writes. The first report is the
    training-free baseline's.

    Raises:
        TrainingError: the data folder is not complete, or the checkpoint cannot be read.
        WeightsError: the weights to begin with cannot be read, or do not fit.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    data = TrainingData.open(options.data)
    located = locate_cartons(data, options.out / "located.json")
    validation = read_held_out_set(data, located)
    report(Progress(0, 0.0, 0.0, validation.measure(ColourEmbedder().embed)))
    trainer = EmbedderTrainer(options, validation)
    trainer.restore()
    rng = trainer.fresh_rng()
    sampler = make_sampler(data, options.out, rng, take_shots=not options.degrades_on_device)

    def draw(share: float) -> ViewBatch:
        side = view_side(options.schedule_share(share))
        return join_batches([sampler.batch(side) for _ in range(options.batches)])

    trainer.views = trainer.make_loader(draw, rng)
    trainer.memory = CrossBatchMemory(_REMEMBERED, sampler.labels_of(InstanceKind.BEVERAGE))
    return trainer.run(report)


class EmbedderTrainer(Trainer):
    """The trainer of the embedder."""

    views: BatchLoader[ViewBatch]
    memory: CrossBatchMemory | None = None

    def __init__(self, options: RunOptions, validation: RetrievalSet) -> None:
        torch.manual_seed(options.seed)
        net = EmbeddingNet()
        _start_as_identity(net)
        net.to(memory_format=torch.channels_last)
        net.to(options.device)
        groups = [{"params": list(net.parameters()), "weight_decay": _WEIGHT_DECAY}]
        super().__init__(net, groups, _PEAK_RATE, options)
        self.validation = validation

    @override
    def loss(self) -> Tensor:
        batch = self.views.next(self.share)
        images = to_images(batch, self.options.device)
        if batch.shots:
            images = apply_shots(images, batch.shots)
        return embedding_loss(self.net, images, batch, self.memory)

    @override
    def measure(self) -> dict[str, float]:
        """Measure at the last, served size: figures of different sizes must not compete."""
        net, device, side = self.average.module, self.options.device, view_side(1.0)
        return self.validation.measure(lambda crops: embed_crops(net, crops, device, side))

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        # The latest wins: photos of four cartons are too few to choose among neighbouring figures.
        return self.share


def _start_as_identity(net: EmbeddingNet) -> None:
    """Zero the residual branches, so that a deep network learns from its first step."""
    for name, parameter in net.trunk.named_parameters():
        if name.endswith("bn2.weight"):
            nn.init.zeros_(parameter)
