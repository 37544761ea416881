from bench.recognition.draws import DrawsResult
from bench.recognition.recognition import MethodResult, RecognitionResult
from bench.recognition.score import Answer, score_answers


def result(name: str, references: int, right: int) -> RecognitionResult:
    answers = tuple(
        Answer("mug", "mug" if number < right else "jar", 0.9, True, 1, 1.0) for number in range(10)
    )
    score = score_answers(answers, draws=2, seed=0)
    method = MethodResult("skulens", score, {}, None, answers)
    return RecognitionResult(name, 2, references, {}, (method,))


def test_draws_are_shown_as_mean_and_spread_beside_one_reference() -> None:
    drawn = tuple(result("four-reference", 8, right) for right in (7, 8, 9))
    several = DrawsResult(result("one-reference", 2, 6), drawn)
    table = several.table()
    assert "3 draws of 8 references" in table.title
    single, spread = table.rows
    assert single[1] == "0.600"
    assert spread[1] == "0.800 (0.700 to 0.900)"
    assert len(several.to_json()["draws"]) == 3
