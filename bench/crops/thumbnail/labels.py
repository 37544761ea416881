"""Pictures and frames whose faces or products are labelled."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.recognition.dataset import load_picture
from matcher.imaging.box import Box


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """A face that a person boxed.

    Attributes:
        box: in pixels.
        printed: on a cover, a shirt, a painting or a statue.
    """

    box: Box
    printed: bool


@dataclass(frozen=True, slots=True, eq=False)
class FacePicture:
    """A picture whose faces are all labelled; perhaps none.

    Attributes:
        name: of the file, and the frame.
        image: (H, W, 3) uint8 RGB.
        faces: all of them.
    """

    name: str
    image: NDArray[np.uint8]
    faces: tuple[LabelledFace, ...]


@dataclass(frozen=True, slots=True)
class ProductPicture:
    """A picture whose products are boxed.

    Attributes:
        path: of the file.
        boxes: in its pixels.
    """

    path: Path
    boxes: tuple[Box, ...]


def labels_file() -> Path:
    """Return where the labels of faces are."""
    return Path(__file__).parents[2] / "labels" / "faces.json"


def read_faces(labels: Path, shared: Path, limit: int | None = None) -> Iterator[FacePicture]:
    """Yield the labelled pictures and frames.

    Args:
        labels: `bench/labels/faces.json`.
        shared: the folder of real pictures.
        limit: at most that many, evenly spread.

    Raises:
        BenchError: the labels or a picture cannot be read.
    """
    try:
        listed = json.loads(labels.read_text("utf-8"))["pictures"]
    except (OSError, ValueError, KeyError) as error:
        raise BenchError(f"cannot read the labels {labels}: {error}") from error
    step = 1 if limit is None else max(-(-len(listed) // limit), 1)
    for entry in listed[::step]:
        path = shared / entry["path"]
        image = load_picture(path) if "frame" not in entry else _frame(path, entry["frame"])
        if [image.shape[1], image.shape[0]] != entry["size"]:
            raise BenchError(f"{path} is another picture than the one that was labelled")
        faces = (LabelledFace(Box(*face["box"]), face["printed"]) for face in entry["faces"])
        name = entry["path"] + (f" frame {entry['frame']}" if "frame" in entry else "")
        yield FacePicture(name, image, tuple(faces))


def _frame(path: Path, wanted: int) -> NDArray[np.uint8]:
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == wanted:
                return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    raise BenchError(f"{path} has no frame {wanted}")
