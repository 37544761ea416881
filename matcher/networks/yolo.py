"""The detector's network: YOLOv5n (anchor-free head) with the one class "product"."""

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

CLASS_NAME: Final = "product"
STRIDE: Final = 32  # pixels; sides of the input are multiples of it

# Rows of ultralytics' description: input layer, repeats, module, arguments.
_BACKBONE: Final = (
    (-1, 1, "Conv", (64, 6, 2, 2)),
    (-1, 1, "Conv", (128, 3, 2)),
    (-1, 3, "C3", (128,)),
    (-1, 1, "Conv", (256, 3, 2)),
    (-1, 6, "C3", (256,)),
    (-1, 1, "Conv", (512, 3, 2)),
    (-1, 9, "C3", (512,)),
    (-1, 1, "Conv", (1024, 3, 2)),
    (-1, 3, "C3", (1024,)),
    (-1, 1, "SPPF", (1024, 5)),
)
# The head, in the same form.
_HEAD: Final = (
    (-1, 1, "Conv", (512, 1, 1)),
    (-1, 1, "nn.Upsample", ("None", 2, "nearest")),
    ((-1, 6), 1, "Concat", (1,)),
    (-1, 3, "C3", (512, False)),
    (-1, 1, "Conv", (256, 1, 1)),
    (-1, 1, "nn.Upsample", ("None", 2, "nearest")),
    ((-1, 4), 1, "Concat", (1,)),
    (-1, 3, "C3", (256, False)),
    (-1, 1, "Conv", (256, 3, 2)),
    ((-1, 14), 1, "Concat", (1,)),
    (-1, 3, "C3", (512, False)),
    (-1, 1, "Conv", (512, 3, 2)),
    ((-1, 10), 1, "Concat", (1,)),
    (-1, 3, "C3", (1024, False)),
    ((17, 20, 23), 1, "Detect", ("nc",)),
)
_DEPTH_WIDTH_CHANNELS: Final = {
    "n": (0.33, 0.25, 1024),
    "s": (0.33, 0.50, 1024),
    "m": (0.67, 0.75, 1024),
}

# Read by ultralytics while it is imported: no network, no installs, no output.
_QUIET: Final = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


def architecture(scale: str = "n", classes: int = 1) -> dict[str, Any]:
    """Return the contents of ultralytics' `yolov5.yaml` as a value, so that no file is read."""
    return {
        "nc": classes,
        "scale": scale,
        "scales": {name: list(numbers) for name, numbers in _DEPTH_WIDTH_CHANNELS.items()},
        "backbone": [_as_lists(row) for row in _BACKBONE],
        "head": [_as_lists(row) for row in _HEAD],
    }


def build_yolov5n() -> nn.Module:
    """Build YOLOv5n, randomly initialised, in training mode; reads no file and no network.

    In evaluation mode its first output is (B, 5, A): centre x, centre y, width, height in input
    pixels and the confidence in [0, 1], for RGB input (B, 3, H, W) in [0, 1] with sides that are
    multiples of 32.
    """
    model = build_yolov5("n", classes=1)
    vars(model)["names"] = {0: CLASS_NAME}
    return model


def build_yolov5(scale: str, classes: int) -> nn.Module:
    """Build YOLOv5 of size "n", "s" or "m", for checkpoints that users have."""
    with quiet_ultralytics():
        from ultralytics.nn.tasks import DetectionModel  # importing it has side effects
    build: Callable[..., nn.Module] = DetectionModel
    return build(architecture(scale, classes), ch=3, nc=classes, verbose=False)


@contextmanager
def quiet_ultralytics() -> Iterator[None]:
    """Wrap the import of ultralytics, so that it uses no network and writes nothing at home.

    Its settings file goes to a folder that is removed again; the environment and what it changes
    in other libraries (Pillow's `open`, torch's `save`, OpenCV's threads, NumPy's way of printing)
    are restored, and its messages go to no stream (it would print them on stdout).
    """
    if "ultralytics" in sys.modules:
        yield
        return
    before = {name: os.environ.get(name) for name in (*_QUIET, "YOLO_CONFIG_DIR")}
    threads, printing = cv2.getNumThreads(), np.get_printoptions()
    open_picture, save = Image.open, torch.save
    with tempfile.TemporaryDirectory(prefix="skulens-") as folder:
        os.environ.update(_QUIET, YOLO_CONFIG_DIR=folder)
        try:
            yield
        finally:
            _restore(before)
            cv2.setNumThreads(threads)
            np.set_printoptions(**printing)
            # Its `Image.open` installs a package when a picture is broken.
            vars(Image)["open"], vars(torch)["save"] = open_picture, save
    logger = logging.getLogger("ultralytics")
    logger.handlers.clear()
    logger.addHandler(logging.NullHandler())


def _restore(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _as_lists(row: tuple[object, ...]) -> list[object]:
    return [list(part) if isinstance(part, tuple) else part for part in row]
