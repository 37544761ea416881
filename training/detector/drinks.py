"""Bottles and cans as cut-outs: real ones out of boxed pictures, and drawn ones around a print."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.views import Subject

# Pixels: of the longer side of what is cut, and of a box's shorter side to be worth it.
_CUT_SIDE: Final = 160
_SMALLEST_BOX: Final = 32
# Share of the box on each side that is surely not the drink; rounds of GrabCut.
_AROUND: Final = 0.12
_ROUNDS: Final = 3
# Plausible cut-outs: share of the box they fill, of its sides they reach, of their hull.
_FILLED: Final = (0.45, 0.97)
_REACHED: Final = 0.8
_SOLID: Final = 0.9
# Share of a box that others may overlap.
_OVERLAPPED: Final = 0.06
# Pixels of the height of a drawn drink.
_DRAWN_HEIGHT: Final = 180


def cut_drinks(image: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Subject]:
    """Cut bottles and cans out of a boxed picture, those that stand free and come out whole.

    GrabCut (Rother et al., SIGGRAPH 2004), begun with the box.

    Args:
        image: (H, W, 3) uint8, RGB.
        boxes: in its pixels, one drink each.
    """
    found = []
    for box in boxes:
        others = [other for other in boxes if other is not box]
        free = all(box.intersection(other) <= _OVERLAPPED * box.area for other in others)
        if free and min(box.width, box.height) >= _SMALLEST_BOX:
            subject = _cut(image, box)
            if subject is not None:
                found.append(subject)
    return found


def _cut(image: NDArray[np.uint8], box: Box) -> Subject | None:
    height, width = image.shape[:2]
    window = box.padded(_AROUND).clipped(width, height)
    crop = window.crop(image)
    scale = min(_CUT_SIDE / max(crop.shape[:2]), 1.0)
    crop = np.ascontiguousarray(cv2.resize(crop, None, fx=scale, fy=scale), np.uint8)
    left, top = int((box.left - window.left) * scale), int((box.top - window.top) * scale)
    size = int(box.width * scale), int(box.height * scale)
    labels = np.zeros(crop.shape[:2], np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(crop, labels, (left, top, *size), *models, _ROUNDS, cv2.GC_INIT_WITH_RECT)
    except cv2.error:  # nothing is outside the box, or nothing inside
        return None
    return _subject(crop, np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8), size)


def _subject(
    crop: NDArray[np.uint8], drink: NDArray[np.uint8], size: tuple[int, int]
) -> Subject | None:
    """Return the largest region of a cut as a product; None if it is not plausibly a drink."""
    contours, _ = cv2.findContours(drink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    area = cv2.contourArea(largest)
    left, top, width, height = cv2.boundingRect(largest)
    least, most = (share * size[0] * size[1] for share in _FILLED)
    reaches = width >= _REACHED * size[0] and height >= _REACHED * size[1]
    solid = area >= _SOLID * cv2.contourArea(cv2.convexHull(largest))
    if not (reaches and solid and least <= area <= most):
        return None
    mask = np.zeros(drink.shape, np.uint8)
    cv2.drawContours(mask, [largest], -1, 255, cv2.FILLED)
    mask = np.asarray(cv2.erode(mask, np.ones((3, 3), np.uint8)), np.uint8)
    part = np.s_[top : top + height, left : left + width]
    whole = Box(0, 0, width, height)
    return Subject(np.ascontiguousarray(crop[part]), np.ascontiguousarray(mask[part]), whole)


def draw_drink(print_: NDArray[np.uint8], rng: np.random.Generator) -> Subject:
    """Draw a can or a bottle that wears a flat print.

    Args:
        print_: (H, W, 3) uint8, RGB.
        rng: of its shape and colours.
    """
    return _draw_can(print_, rng) if rng.random() < 0.5 else _draw_bottle(print_, rng)


def _draw_can(print_: NDArray[np.uint8], rng: np.random.Generator) -> Subject:
    height = _DRAWN_HEIGHT
    width = int(height / rng.uniform(1.5, 2.7))
    image = _wrapped(print_, width, height)
    end = max(int(width * rng.uniform(0.02, 0.17)), 2)  # half the height of the lid's ellipse
    mask = np.zeros((height, width), np.uint8)
    middle = width // 2
    cv2.rectangle(mask, (0, end), (width, height - end), 255, cv2.FILLED)
    for level in (end, height - end - 1):
        cv2.ellipse(mask, (middle, level), (middle, end), 0, 0, 360, 255, cv2.FILLED)
    metal = rng.uniform(120, 235)
    rim = max(int(0.02 * height), 1)
    cv2.ellipse(image, (middle, end), (middle, end), 0, 0, 360, (metal,) * 3, cv2.FILLED)
    cv2.ellipse(image, (middle, end), (int(0.8 * middle), int(0.8 * end)), 0, 0, 360,
                (0.8 * metal,) * 3, rim)  # fmt: skip
    return Subject(_shaded(image, rng), mask, Box(0, 0, width, height))


def _draw_bottle(print_: NDArray[np.uint8], rng: np.random.Generator) -> Subject:
    height = _DRAWN_HEIGHT
    width = int(height / rng.uniform(2.2, 4.2))
    cap, shoulder, body = rng.uniform(0.04, 0.1), rng.uniform(0.15, 0.3), rng.uniform(0.36, 0.5)
    neck = rng.uniform(0.25, 0.5)
    along = np.linspace(0, 1, height)
    half = np.interp(along, (0, shoulder, body, 0.97, 1), (neck, neck + 0.05, 1, 1, 0.93))
    waist = rng.uniform(0, 0.12) * np.exp(-(((along - 0.66) / 0.08) ** 2))
    half = half * (1 - waist) * width / 2
    across = np.abs(np.arange(width) - (width - 1) / 2)
    mask = np.where(across[None] <= half[:, None], 255, 0).astype(np.uint8)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = rng.uniform(10, 245, 3)
    image[: int(cap * height)] = rng.uniform(10, 250, 3)
    first, last = int((body + rng.uniform(0, 0.08)) * height), int(rng.uniform(0.75, 0.95) * height)
    image[first:last] = _wrapped(print_, width, last - first)
    return Subject(_shaded(image, rng), mask, Box(0, 0, width, height))


def _wrapped(print_: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the print around the half of a cylinder that is seen."""
    angle = np.arcsin(np.linspace(-0.99, 0.99, width)) / np.pi + 0.5
    columns = np.tile(angle * (print_.shape[1] - 1), (height, 1)).astype(np.float32)
    rows = np.linspace(0, len(print_) - 1, height)
    levels = np.tile(rows[:, None], (1, width)).astype(np.float32)
    return np.asarray(cv2.remap(print_, columns, levels, cv2.INTER_LINEAR), np.uint8)


def _shaded(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a cylinder lit from somewhere in front, with a gloss along it."""
    across = np.linspace(-1, 1, image.shape[1])
    middle = rng.uniform(-0.5, 0.5)
    light = rng.uniform(0.3, 0.6) + 0.6 * np.sqrt(np.clip(1 - (0.6 * (across - middle)) ** 2, 0, 1))
    gloss = rng.uniform(0, 110) * np.exp(-(((across - middle) / rng.uniform(0.05, 0.2)) ** 2))
    lit = image * light[None, :, None] + gloss[None, :, None]
    return np.clip(lit, 0, 255).astype(np.uint8)
