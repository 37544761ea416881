"""Small pictures and fake answers for the measurements."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import (
    Candidate,
    Detection,
    Identification,
    Match,
    StageTimes,
    Verdict,
    Verification,
)


def printed(seed: int, height: int = 160, width: int = 120) -> NDArray[np.uint8]:
    """A picture full of corners, another one for each seed."""
    generator = np.random.default_rng(seed)
    image = np.full((height, width, 3), 200, np.uint8)
    for _ in range(60):
        colour = tuple(int(part) for part in generator.integers(0, 255, 3))
        left, top = generator.integers(0, width), generator.integers(0, height)
        size = tuple(int(side) for side in generator.integers(4, 24, 2))
        cv2.rectangle(image, (int(left), int(top), *size), colour, -1)
    return image


def named_match(
    product_id: str | None, probability: float, outline: NDArray[np.float32] | None = None
) -> Match:
    """A match as a pipeline would say it, `identical` from one half on."""
    corners = np.zeros((0, 2), np.float32) if outline is None else outline
    proof = None
    if product_id is not None:
        pairs = np.zeros((0, 4), np.float32)
        proof = Verification(product_id, "reference", 30, pairs, corners, 0.6, 0.8)
    verdict = Verdict.IDENTICAL if product_id and probability >= 0.5 else Verdict.UNKNOWN
    candidates = () if product_id is None else (Candidate(product_id, 0.7, probability),)
    detection = Detection(Box(0, 0, 10, 10), 0.9)
    return Match(detection, verdict, product_id, probability, proof, candidates)


def identification(*matches: Match) -> Identification:
    return Identification(matches, 1, StageTimes(total=1.0))


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
