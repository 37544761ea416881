"""Labelled pictures and a labelled clip that nothing shipped was trained on."""

import hashlib
from pathlib import Path

from PIL import Image

from api.errors import Refused
from bench.appearances import LABELS, read_appearances, read_crops
from bench.detection.detector import DetectionPicture, DetectorUnderTest, LabelledSet, Labels
from bench.live.video import VideoOptions
from matcher.detection.augmented import AugmentedDetector, augment_for_photos
from matcher.detection.detector import Detector, YoloDetector
from matcher.detection.proposals import PrintDetector
from matcher.imaging.box import Box
from training.data.carton_boxes import PHOTO_SIDE, locate_cartons
from training.data.sources import TrainingData, is_held_out, list_pictures, read_yolo_boxes

# Confidence from which boxes are counted: low, so that precision is measured at every recall.
_UNSURE = 0.01


def labelled_sets(shared: Path, cache: Path) -> tuple[LabelledSet, ...]:
    """Read held-out drinks, held-out cartons in shop photos, and shop shelves.

    Args:
        shared: the folder of real pictures.
        cache: folder that keeps where the cartons are; finding them takes minutes, once.

    Raises:
        TrainingError: the folder is not complete.
    """
    data = TrainingData.open(shared.resolve())
    drinks = tuple(
        DetectionPicture(labelled.path, labelled.boxes)
        for labelled in data.beverages()
        if is_held_out(labelled.path.stem)
    )
    shelves = data.root / "eval_only" / "freiburg_boxes"
    shops = tuple(
        DetectionPicture(path, read_yolo_boxes(path, shelves / "labels" / f"{path.stem}.txt").boxes)
        for path in list_pictures(shelves / "images")
    )
    return (
        LabelledSet("beverage3", Labels.ALL, drinks),
        LabelledSet("cartons", Labels.ONE, _cartons(data, cache)),
        LabelledSet("freiburg_boxes", Labels.SOME, shops),
    )


def soda_clip(shared: Path) -> Path:
    """The film of a shelf of drinks among the real pictures.

    Raises:
        Refused: it is not there.
    """
    clips = sorted((shared / "videos").glob("soda_shelf*"))
    if not clips:
        raise Refused(f"there is no videos/soda_shelf… in {shared}")
    return clips[0]


def soda_options(shared: Path, folder: Path) -> VideoOptions:
    """The film of a shelf of drinks with its labels.

    Args:
        shared: the folder of real pictures.
        folder: for the references that are cut from it.

    Raises:
        Refused: the film is not there.
    """
    return VideoOptions(
        soda_clip(shared),
        read_crops(LABELS / "soda_catalog.json"),
        read_appearances(LABELS / "soda_appearances.json"),
        folder,
    )


def detectors_under_test(detector: Detector) -> list[DetectorUnderTest]:
    """Return the detectors of photos and of frames, and the proposals without training.

    One detector less where one serves both; the proposals alone if they serve.

    Args:
        detector: of the loaded networks.
    """
    proposals = PrintDetector()
    baseline = DetectorUnderTest("training-free proposals", proposals, proposals)
    if not isinstance(detector, YoloDetector):
        return [baseline]
    served = detector.settings.confidence
    thorough = detector.with_confidence(min(_UNSURE, served))
    photos = augment_for_photos(detector)
    if not isinstance(photos, AugmentedDetector):
        return [DetectorUnderTest("skulens", detector, thorough, served), baseline]
    unsure = photos.with_confidence(min(_UNSURE, photos.confidence))
    return [
        DetectorUnderTest("skulens, photos", photos, unsure, photos.confidence),
        DetectorUnderTest("skulens, frames", detector, thorough, served),
        baseline,
    ]


def _cartons(data: TrainingData, cache: Path) -> tuple[DetectionPicture, ...]:
    name = hashlib.sha256(str(data.root).encode()).hexdigest()[:12]
    located = locate_cartons(data, cache / f"located-{name}.json")
    return tuple(
        DetectionPicture(path, (_at_full_size(path, box),))
        for path, box in located.items()
        if is_held_out(path.parent.name)
    )


def _at_full_size(path: Path, box: Box) -> Box:
    """They were located in the photo at a bounded size."""
    with Image.open(path) as opened:
        longest = max(opened.size)
    return box.scaled(max(longest / PHOTO_SIDE, 1.0))
