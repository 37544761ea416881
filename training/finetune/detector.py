"""Fine-tunes the detector on the products of one catalog, pasted onto backgrounds.

Every other scene shows invented packages instead, so that other things stay products as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.optim.swa_utils import AveragedModel
from typing_extensions import override

from matcher.detection.average_precision import BoxEvaluation
from matcher.errors import WeightsError
from matcher.imaging.box import Box
from matcher.networks.weights import Weights, fill_network, read_state
from matcher.networks.yolo import build_yolov5n
from training.augment.views import Subject
from training.data.backgrounds import draw_backgrounds
from training.data.catalog_products import CatalogProduct
from training.data.prints import draw_family
from training.data.sources import LabelledFile, list_pictures, read_rgb, read_yolo_boxes
from training.detector.data import BoxedPicture, DetectionSets
from training.detector.scenes import Scene, SceneComposer, make_package
from training.detector.train import DetectorTrainer, detect_boxes
from training.errors import TrainingError
from training.finetune.embedder import average_closely, split_backgrounds
from training.loop.checkpoint import load_checkpoint
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions

_BATCH: Final = 10
_PEAK_RATE: Final = 2e-4
_BACKGROUNDS: Final = 160
# Scenes of each kind that are measured on.
_SCENES: Final = 40
# Families of invented packages to train on; a quarter as many to measure on, from seeds that
# training never reaches.
_PACKAGES: Final = 60
_STRANGE_SEEDS: Final = 1_000_000
# Pixels of the longer side.
_PHOTO_SIDE: Final = 960
# AP50 on invented packages that may be lost.
_FORGETTABLE: Final = 0.05
# Seeds of the scenes to choose the best network by, and of those to report.
_CHOOSING, _REPORTING = 1, 2


@dataclass(frozen=True, slots=True)
class DetectorFinetuneOptions:
    """Settings of one fine-tuning.

    Attributes:
        run: minutes, seed, device and where checkpoints go; its `data` is not read.
        start: weights to start from, and to be compared with.
        photos: folder of labelled photos to measure on as well; see `read_labelled_photos`.
    """

    run: RunOptions
    start: Weights
    photos: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FinetunedDetector:
    """The fine-tuned network and its figures, shares in [0, 1].

    `ap50` and `recall` (of boxes that serve) on scenes of the catalog's products before backgrounds
    that training never drew, `others_ap50` on scenes of invented packages, `photos_ap50` and
    `photos_recall` on labelled photos where some were given.

    Attributes:
        checkpoint: of the network.
        before: figures of the weights that it started from.
        after: figures of the network, on the same pictures.
    """

    checkpoint: Path
    before: Mapping[str, float]
    after: Mapping[str, float]

    @property
    def is_better(self) -> bool:
        """Whether the catalog's products are found better, and others hardly worse."""
        name = "photos_ap50" if "photos_ap50" in self.before else "ap50"
        forgotten = self.before["others_ap50"] - self.after["others_ap50"]
        return self.after[name] > self.before[name] and forgotten <= _FORGETTABLE


def finetune_detector(
    products: Sequence[CatalogProduct],
    options: DetectorFinetuneOptions,
    report: OnReport,
    backgrounds: Sequence[NDArray[np.uint8]] = (),
) -> FinetunedDetector:
    """Train within the time bound; see `Trainer.run` for what it writes.

    Args:
        products: of the catalog.
        options: how.
        report: called with the progress.
        backgrounds: to stand behind the products; drawn ones if there are none.

    Raises:
        TrainingError: photos or a checkpoint cannot be read.
        WeightsError: the weights do not fit our detector.
    """
    run_options = options.run
    run_options.out.mkdir(parents=True, exist_ok=True)
    photos = () if options.photos is None else read_labelled_photos(options.photos)
    seen, unseen = split_backgrounds(
        list(backgrounds) or draw_backgrounds(_BACKGROUNDS, run_options.seed)
    )
    own = [picture.subject() for product in products for picture in product.pictures]
    side = int(options.start.option("input_size", 640))
    confidence = options.start.option("confidence", 0.25)

    def draw_evaluation(number: int) -> DetectorEvaluation:
        rng = np.random.default_rng((run_options.seed, number))
        strange = make_packages(_PACKAGES // 4, _STRANGE_SEEDS + number * _PACKAGES, rng)
        makers = SceneComposer(own, unseen, rng), SceneComposer(strange, unseen, rng)
        ours, others = ([maker.scene(side) for _ in range(_SCENES)] for maker in makers)
        labelled = photos if number == _REPORTING else ()
        return DetectorEvaluation(ours, others, labelled, side, confidence)

    trainer = DetectorFinetuner(options, draw_evaluation(_CHOOSING))
    reporting = draw_evaluation(_REPORTING)
    before = reporting.of(trainer.average.module, run_options.device)
    trainer.restore()
    rng = trainer.fresh_rng()
    makers = (
        SceneComposer(own, seen, rng),
        SceneComposer(make_packages(_PACKAGES, 0, rng), seen, rng),
    )

    def draw(_share: float) -> list[Scene]:
        return [makers[number % 2].scene(side) for number in range(_BATCH)]

    trainer.scenes = trainer.make_loader(draw, rng)
    best = trainer.run(report)
    trainer.average.module.load_state_dict(load_checkpoint(best, run_options.device)["net"])
    return FinetunedDetector(best, before, reporting.of(trainer.average.module, run_options.device))


@dataclass(frozen=True, slots=True, eq=False)
class DetectorEvaluation:
    """Pictures whose boxes are known, to measure detectors on.

    Attributes:
        own: scenes of the catalog's products.
        strange: scenes of invented packages.
        photos: labelled photos; may be empty.
        side: pixels of the longer side, as the detector sees a picture.
        confidence: from which a box counts for recall.
    """

    own: Sequence[Scene]
    strange: Sequence[Scene]
    photos: Sequence[BoxedPicture]
    side: int
    confidence: float

    def of(self, net: nn.Module, device: str) -> dict[str, float]:
        """Return the figures of a network; see `FinetunedDetector`."""
        ap50, found = self._measure(net, self.own, device)
        strange, _ = self._measure(net, self.strange, device)
        figures = {"ap50": ap50, "recall": found, "others_ap50": strange}
        if self.photos:
            ap50, found = self._measure(net, self.photos, device)
            figures |= {"photos_ap50": ap50, "photos_recall": found}
        return figures

    def _measure(
        self, net: nn.Module, pictures: Sequence[Scene] | Sequence[BoxedPicture], device: str
    ) -> tuple[float, float]:
        found = [detect_boxes(net, picture.image, self.side, device) for picture in pictures]
        truth: list[tuple[Box, ...]] = [picture.boxes for picture in pictures]
        evaluation = BoxEvaluation.of(found, truth, self.confidence)
        return evaluation.average_precision(), evaluation.recall()


class DetectorFinetuner(DetectorTrainer):
    """The trainer that fine-tunes the detector on scenes of one catalog."""

    def __init__(self, options: DetectorFinetuneOptions, choosing: DetectorEvaluation) -> None:
        super().__init__(options.run, DetectionSets((), ()))
        start = options.start
        state = read_state(start.path, start.sha256)
        try:
            filled = fill_network(build_yolov5n(), state, start.path.name)
        except WeightsError as error:
            raise TrainingError(f"only our own detector can be adapted: {error}") from error
        self.net.load_state_dict(filled.state_dict())
        self.average = AveragedModel(self.net, multi_avg_fn=average_closely, use_buffers=True)
        self.peak_rate = _PEAK_RATE
        self._choosing = choosing

    @override
    def measure(self) -> dict[str, float]:
        return self._choosing.of(self.average.module, self.options.device)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return figures["ap50"] + figures["others_ap50"]


def make_packages(families: int, first_seed: int, rng: np.random.Generator) -> list[Subject]:
    """Draw invented packages of two flavours each."""
    flat = [print_ for seed in range(families) for print_ in draw_family(first_seed + seed, 2)]
    return [make_package(print_, flat[int(rng.integers(len(flat)))], rng) for print_ in flat]


def read_labelled_photos(folder: Path) -> tuple[BoxedPicture, ...]:
    """Read photos with a text file of the same name beside them or in `labels/`, in YOLO's form.

    Each line is `class x y width height`, centre and size in shares of the picture.

    Raises:
        TrainingError: there is none, or one cannot be read.
    """
    home = folder / "images" if (folder / "images").is_dir() else folder
    found: list[BoxedPicture] = []
    for path in list_pictures(home):
        beside = path.with_suffix(".txt")
        labels = beside if beside.exists() else folder / "labels" / beside.name
        if path.is_file() and labels.exists():
            found.append(_boxed(_read(path, labels)))
    if not found:
        raise TrainingError(f"{folder} has no photo with a .txt of its boxes: see docs/training.md")
    return tuple(found)


def _read(path: Path, labels: Path) -> LabelledFile:
    try:
        return read_yolo_boxes(path, labels)
    except (ValueError, IndexError, OSError) as error:
        raise TrainingError(f"{labels} is not `class x y width height` per line") from error


def _boxed(labelled: LabelledFile) -> BoxedPicture:
    image = read_rgb(labelled.path, _PHOTO_SIDE)
    scale = max(image.shape[:2]) / labelled.longest
    return BoxedPicture(image, tuple(box.scaled(scale) for box in labelled.boxes))
