"""Answers as `skulens identify --json` writes them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.recognition import score as scoring
from bench.recognition.dataset import Dataset
from bench.recognition.score import Answer, ScoredDetection


def read_answers(dataset: Dataset, path: Path) -> list[Answer]:
    """One answer per photo of the data set, in its order; lines may come in any order.

    Raises:
        BenchError: the file cannot be read, a line is malformed, or a photo has no line.
    """
    by_photo = {
        Path(line["image"]).resolve(): (detections, elapsed_ms)
        for line, detections, elapsed_ms in _lines(path)
    }
    answers = []
    for query in dataset.queries:
        if query.path.resolve() not in by_photo:
            raise BenchError(f"{path} says nothing of {query.path}")
        detections, elapsed_ms = by_photo[query.path.resolve()]
        answers.append(scoring.choose_answer(query.truth, detections, elapsed_ms, query.groups))
    return answers


def parse_detection(detection: dict[str, Any]) -> ScoredDetection:
    """One detection of a line, as the scorer sees it."""
    return ScoredDetection(
        detection["product_id"],
        float(detection["probability"]),
        detection["verdict"] == "identical",
        tuple(
            (candidate["product_id"], float(candidate["similarity"]))
            for candidate in detection["candidates"]
        ),
    )


def _lines(path: Path) -> Iterator[tuple[dict[str, Any], tuple[ScoredDetection, ...], float]]:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"cannot read the answers: {error}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            detections = tuple(parse_detection(detection) for detection in row["detections"])
            elapsed_ms = float(row["elapsed_ms"]["total"])
            Path(row["image"])
        except (ValueError, KeyError, TypeError) as error:
            raise BenchError(f"line {number} of {path} is malformed: {error!r}") from error
        yield row, detections, elapsed_ms
