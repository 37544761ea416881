"""The score of `skulens identify --json` on recognition data.

    score_recognition.py DATA ANSWERS.jsonl

DATA holds `catalog/<product_id>/*`, `queries/<product_id>/*` and `queries/_unknown/*`; the answers
are one JSON line per picture, in any order. Prints the score as JSON. The rules are in
`bench/recognition/score.py`.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.errors import BenchError
from bench.recognition.dataset import read_dataset
from bench.recognition.jsonlines import read_answers
from bench.recognition.score import score_answers


def main() -> int:
    """Score one file of answers."""
    parser = argparse.ArgumentParser(description="Score `skulens identify --json`.")
    parser.add_argument("data", type=Path, help="folder with catalog/ and queries/")
    parser.add_argument("answers", type=Path, help="JSON Lines of `skulens identify --json`")
    arguments = parser.parse_args()
    try:
        answers = read_answers(read_dataset(arguments.data), arguments.answers)
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(score_answers(answers).to_json(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
