from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.errors import BenchError
from bench.recognition.dataset import Dataset, PhotoQuery
from bench.recognition.recognition import MethodResult
from bench.recognition.score import Answer, score_answers
from bench.recognition.sheet import check_sheet, draw_sheet, save_sheet

OUTLINE = np.array([[10.0, 10], [60, 10], [60, 60], [10, 60]])
NO_OUTLINE = np.zeros((0, 2))


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    for name in ("catalog/tea/a.png", "catalog/cola/a.png", "queries/tea/1.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((80, 100, 3), 90, np.uint8))
    photo = PhotoQuery(tmp_path / "queries" / "tea" / "1.png", "tea")
    return Dataset("small", tmp_path / "catalog", (photo,) * 4)


def result(*answers: Answer) -> MethodResult:
    outlines = tuple(NO_OUTLINE if answer.named is None else OUTLINE for answer in answers)
    return MethodResult("skulens", score_answers(answers), {}, None, answers, outlines)


def answer(truth: str | None, named: str | None, probability: float) -> Answer:
    return Answer(truth, named, probability, probability > 0.9, None, 1.0)


def test_wrong_answers_are_drawn_and_right_ones_are_not(dataset: Dataset) -> None:
    method = result(
        answer("tea", "tea", 0.99),
        answer("tea", "cola", 0.8),
        answer("tea", None, 0.0),
        answer(None, "cola", 0.95),
    )
    sheet = draw_sheet(dataset, dataset.queries, method)
    tile = sheet.shape[1] // 3
    drawn = [bool((sheet[:200, at * tile : (at + 1) * tile] < 250).any()) for at in range(3)]
    assert drawn == [True, True, True]
    # The surest comes first, with its outline; the nameless one has none.
    red = [
        (np.ptp(sheet[:, at * tile : (at + 1) * tile].astype(int), axis=2) > 100).any()
        for at in range(3)
    ]
    assert red == [True, True, False]


def test_where_nothing_is_wrong_the_sheet_is_white(dataset: Dataset) -> None:
    method = result(answer("tea", "tea", 0.99), answer(None, "cola", 0.1))
    assert (draw_sheet(dataset, dataset.queries[:2], method) == 255).all()


def test_a_sheet_is_written_as_its_name_says_or_refused(tmp_path: Path) -> None:
    white = np.full((20, 30, 3), 255, np.uint8)
    save_sheet(white, tmp_path / "wrong.png")
    written = cv2.imread(str(tmp_path / "wrong.png"))
    assert written is not None
    assert written.shape == (20, 30, 3)
    check_sheet(tmp_path / "wrong.png")
    with pytest.raises(BenchError, match=r"name it \.jpg or \.png"):
        check_sheet(tmp_path / "wrong.txt")
    with pytest.raises(BenchError, match="make it first"):
        check_sheet(tmp_path / "nowhere" / "wrong.png")
    with pytest.raises(BenchError, match="cannot write"):
        save_sheet(white, tmp_path / "nowhere" / "wrong.png")
