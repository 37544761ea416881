"""Trains the comparator: per cell, does a photo show what its reference shows?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from matcher.agreement import LOOK_SIDE, compare
from matcher.comparator import difference, prepared, to_input
from matcher.comparator_net import ComparatorNet
from matcher.features import FrontEnd
from training.aligned_photos import AlignedPhoto, aligned_photos
from training.comparisons import DIFFERENT, UNTOLD, Compared, Material, draw
from training.cutouts import cut_out
from training.data import Labelled, TrainingData, is_held_out, read_rgb
from training.instances import household_picture
from training.packaging import catalog_pictures, make_products
from training.prints import family
from training.progress import Progress, Report
from training.run import Run, RunOptions

_PEAK_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 0.02
_BATCH: Final = 16
# Of a batch: drawing a pair takes as long as learning from it, so that each is used twice.
_FRESH: Final = 8
_KEPT: Final = 2048
_VALIDATED: Final = 128
_FAMILY_SIZE: Final = 3
_BOXES: Final = 6
_SMALLEST_BOX: Final = 60
_FEWEST_CELLS: Final = 20

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many pictures of the kinds that there are plenty of; a quarter as many to validate with.

    Attributes:
        clothes: pictures of clothes.
        families: of invented prints.
        shops: sets of drawn packages.
    """

    clothes: int = 260
    families: int = 160
    shops: int = 4

    def share(self, *, held_out: bool) -> "Amounts":
        """Those to train on, or to validate with."""
        if not held_out:
            return self
        return Amounts(-(-self.clothes // 4), -(-self.families // 4), self.shops // 4)


def train_comparator(
    options: RunOptions, front_end: FrontEnd, report: Report, amounts: Amounts | None = None
) -> Path:
    """Train within the time bound; returns the checkpoint of the best averaged network.

    Blocks for `options.minutes`, and a few more while pictures are read and photos aligned. The
    first report is what correlation and colour distance tell without training.

    Args:
        options: of the run.
        front_end: finds the keypoints by which photos are aligned.
        report: told where the run stands.
        amounts: of pictures; the usual ones if None.

    Raises:
        TrainingError: the data folder is not complete, or the checkpoint cannot be read.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    data = TrainingData.open(options.data)
    amounts = amounts or Amounts()
    judged = aligned_photos(data, front_end, held_out=True, twins=True)
    report(Progress(0, 0.0, 0.0, _untrained(judged)))
    photos = aligned_photos(data, front_end, held_out=False, twins=False)
    run = ComparatorRun(options, _material(data, amounts, photos, held_out=False), judged)
    run.held_out = _validation_pairs(_material(data, amounts, (), held_out=True))
    run.restore_if_asked()
    run.pairs = run.drawn(run.chance())
    return run.complete(report)


class ComparatorRun(Run):
    """The comparator's part of a run."""

    pairs: Iterator[Compared]
    held_out: Sequence[Compared]

    def __init__(
        self, options: RunOptions, material: Material, judged: Sequence[AlignedPhoto]
    ) -> None:
        torch.manual_seed(options.seed)
        net = ComparatorNet().to(memory_format=torch.channels_last)
        net.to(options.device)
        groups = [{"params": list(net.parameters()), "weight_decay": _WEIGHT_DECAY}]
        super().__init__(net, groups, _PEAK_RATE, options)
        self.held_out = ()
        self._material = material
        self._judged = judged

    def drawn(self, rng: np.random.Generator) -> Iterator[Compared]:
        """Pairs without end, half of them seen before."""
        kept: list[Compared] = []
        while True:
            fresh = [draw(self._material, rng) for _ in range(_FRESH)]
            kept = [*kept, *fresh][-_KEPT:]
            yield from fresh
            yield from (kept[index] for index in rng.integers(len(kept), size=_BATCH - _FRESH))

    @override
    def loss(self) -> Tensor:
        batch = list(islice(self.pairs, _BATCH))
        device = torch.device(self.options.device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = self.net(*_inputs(batch, device))
        labels = torch.from_numpy(np.stack([one.labels for one in batch])).to(device)
        return told_apart(logits.float(), labels)

    @override
    def measure(self) -> dict[str, float]:
        """AUC of cells in drawn pairs, and of whole photos: the right reference or a twin's."""
        net = self.average.module.eval()
        device = torch.device(self.options.device)
        with torch.inference_mode():
            logits = np.concatenate(
                [
                    net(*_inputs(self.held_out[at : at + _BATCH], device)).float().cpu().numpy()
                    for at in range(0, len(self.held_out), _BATCH)
                ]
            )
            told = [_difference(net, one, device) for one in self._judged]
        labels = np.stack([one.labels for one in self.held_out])
        known = labels != UNTOLD
        return {
            "cells_auc": area_under_roc(logits[known], labels[known] == DIFFERENT),
            "photos_auc": area_under_roc(np.array(told), _strangers(self._judged)),
        }

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return figures["cells_auc"] + figures["photos_auc"]


def told_apart(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy over cells with a label, every picture counting alike.

    Args:
        logits: (B, rows, columns) float32.
        labels: likewise, `SAME`, `DIFFERENT` or `UNTOLD`.
    """
    known = labels != UNTOLD
    wanted = (labels == DIFFERENT).float()
    surprise = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    cells = known.sum(dim=(1, 2)).clamp(min=_FEWEST_CELLS)
    return ((surprise * known).sum(dim=(1, 2)) / cells).mean()


def area_under_roc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative; 0.5 where there is none of one kind."""
    high, low = int(positive.sum()), int((~positive).sum())
    if not high or not low:
        return 0.5
    from scipy.stats import rankdata

    ranks = rankdata(scores)[positive].sum()
    return float((ranks - high * (high + 1) / 2) / (high * low))


def _inputs(pairs: Sequence[Compared], device: torch.device) -> tuple[Tensor, Tensor]:
    references = to_input([one.reference for one in pairs], LOOK_SIDE, LOOK_SIDE)
    queries = to_input([one.query for one in pairs], LOOK_SIDE, LOOK_SIDE)
    first, second = (torch.from_numpy(one).to(device) for one in (references, queries))
    layout = torch.channels_last
    return first.contiguous(memory_format=layout), second.contiguous(memory_format=layout)


def _difference(net: torch.nn.Module, photo: AlignedPhoto, device: torch.device) -> float:
    reference, query = prepared(photo.look, photo.warped)
    pair = Compared(reference, query, np.zeros((0, 0), np.int8))
    logits = net(*_inputs([pair], device))[0].float().cpu().numpy()
    return difference(logits, photo.look.mask & photo.warped.inside)


def _strangers(photos: Sequence[AlignedPhoto]) -> NDArray[np.bool_]:
    return np.array([one.product != one.reference for one in photos], bool)


def _untrained(photos: Sequence[AlignedPhoto]) -> dict[str, float]:
    aligned = [compare(one.look, one.warped) for one in photos]
    strangers = _strangers(photos)
    return {
        "correlation_auc": area_under_roc(
            np.array([-one.correlation for one in aligned]), strangers
        ),
        "chroma_auc": area_under_roc(np.array([one.chroma for one in aligned]), strangers),
    }


def _validation_pairs(material: Material) -> tuple[Compared, ...]:
    rng = np.random.default_rng(7)
    return tuple(draw(material, rng) for _ in range(_VALIDATED))


def _material(
    data: TrainingData, amounts: Amounts, photos: Sequence[AlignedPhoto], *, held_out: bool
) -> Material:
    """Everything that may be trained on, or everything that is held out; blocks for a minute."""
    amounts = amounts.share(held_out=held_out)
    families = [
        [_fitted(one) for one in family(2 * seed + held_out, _FAMILY_SIZE)]
        for seed in range(amounts.families)
    ]
    pictures = [_fitted(one) for one in _pictures(data, held_out, amounts.clothes)]
    for seed in range(amounts.shops):
        shop = {
            one.product_id: (_fitted(_trimmed(catalog_pictures(one)[0].image)), one.twin)
            for one in make_products(100 * held_out + seed)
        }
        pictures += [picture for picture, _ in shop.values()]
        for picture, twin in shop.values():
            if twin is not None:
                size = (picture.shape[1], picture.shape[0])
                families.append([picture, np.asarray(cv2.resize(shop[twin][0], size), np.uint8)])
    return Material(pictures, families, photos)


def _pictures(data: TrainingData, held_out: bool, clothes: int) -> Iterator[Image]:
    def mine(name: str) -> bool:
        return is_held_out(name) is held_out

    for product in filter(mine, data.products()):
        yield _trimmed(read_rgb(data.iconic(product), 400))
    for name, paths in data.household().items():
        if mine(name):
            yield from (_trimmed(household_picture(data.check(path))) for path in paths)
    garments = [path for path in data.clothing() if mine(path.stem)]
    step = max(len(garments) // clothes, 1)
    yield from (read_rgb(data.check(path), 300) for path in garments[::step][:clothes])
    for labelled in (*data.paintings(), *data.beverages()[::4]):
        if mine(labelled.path.stem):
            yield from _boxed(labelled)


def _boxed(labelled: Labelled) -> Iterator[Image]:
    image = read_rgb(labelled.path, 1000)
    scale = max(image.shape[:2]) / labelled.longest
    for box in labelled.boxes[:_BOXES]:
        part = box.scaled(scale).clipped(image.shape[1], image.shape[0]).crop(image)
        if min(part.shape[:2]) > _SMALLEST_BOX:
            yield part


def _trimmed(image: Image) -> Image:
    """Without its plain background, where it has one."""
    cutout = cut_out(image)
    return image if cutout is None or min(cutout.image.shape[:2]) < 40 else cutout.image


def _fitted(image: Image) -> Image:
    """At the size where looks are compared."""
    scale = LOOK_SIDE / max(image.shape[:2])
    size = (max(round(image.shape[1] * scale), 8), max(round(image.shape[0] * scale), 8))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
