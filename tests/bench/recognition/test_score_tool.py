"""tools/score_recognition.py on answers as the command line writes them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.recognition.dataset import read_dataset

TOOL = Path(__file__).parents[3] / "tools" / "score_recognition.py"


def answer_line(image: Path, product_id: str | None, probability: float) -> dict[str, Any]:
    detection = {
        "product_id": product_id,
        "probability": probability,
        "verdict": "identical" if product_id else "unknown",
        "candidates": [{"product_id": "p0", "similarity": 0.5, "probability": 0.1}],
    }
    return {"image": str(image), "elapsed_ms": {"total": 12.5}, "detections": [detection]}


def run(data: Path, answers: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), str(data), str(answers)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_perfect_answers_score_perfectly(recognition_data: Path, tmp_path: Path) -> None:
    queries = read_dataset(recognition_data).queries
    lines = [answer_line(query.path, query.truth, 0.9) for query in reversed(queries)]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(json.dumps(line) for line in lines))
    done = run(recognition_data, answers)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["top1"]["value"] == 1.0
    assert record["recall_at_p99"]["value"] == 1.0
    assert record["median_ms"] == 12.5


def test_a_photo_without_an_answer_is_named(recognition_data: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text("")
    done = run(recognition_data, answers)
    assert done.returncode == 1
    assert "says nothing of" in done.stderr
    assert done.stdout == ""


def test_a_malformed_line_is_named(recognition_data: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"image": "x"}\n')
    done = run(recognition_data, answers)
    assert done.returncode == 1
    assert "line 1" in done.stderr
