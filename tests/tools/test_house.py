import ast

from tools.house import (
    Flaw,
    Source,
    Words,
    bare_constants,
    prose_findings,
    repeated_classes,
    retired_names,
    weak_docstrings,
)

WORDS = Words({"scribe": "log writer"}, {"scribe": "log writer"}, frozenset({"ScribePaper"}))


def source(text: str, path: str = "matcher/voting.py") -> Source:
    return Source(path, text, ast.parse(text))


def messages(flaws: list[Flaw]) -> list[str]:
    return [flaw.message for flaw in flaws]


def test_a_retired_word_is_found_inside_a_name_in_any_spelling() -> None:
    text = "class FirstScribe: ...\ncast_scribe = 1\n"
    assert [flaw.line for flaw in retired_names(source(text), WORDS)] == [1, 2]


def test_a_name_that_is_kept_and_a_word_that_only_contains_another_pass() -> None:
    assert not list(retired_names(source("ScribePaper = 1\nscribes = 2\n"), WORDS))


def test_a_loop_that_does_not_name_its_element_is_found() -> None:
    text = "for one in range(3): ...\ntotal = [each for each in range(3)]\n"
    assert messages(list(retired_names(source(text), WORDS))) == ["a loop names its element"] * 2


def test_prose_learns_which_term_replaces_a_word() -> None:
    (flaw,) = prose_findings("README.md", 7, "All Scribes are counted.", WORDS)
    assert flaw == Flaw("README.md", 7, "the text says 'scribe'; write log writer")
    assert not list(prose_findings("README.md", 7, "All log writers are counted.", WORDS))


def test_a_docstring_that_opens_with_a_riddle_is_found() -> None:
    text = 'def count() -> None:\n    """What was counted."""\n'
    assert messages(list(weak_docstrings(source(text)))) == ["a docstring opens with 'What'"]
    assert not list(weak_docstrings(source('"""Count votes."""\n')))


def test_a_constant_needs_a_unit_in_its_name_or_a_reason_beside_it() -> None:
    text = "BARE = 3\nWAIT_S = 2.0\nMOST = 8  # frames\n# degrees\nTILT = -30\nNAME = 'x'\n"
    assert messages(list(bare_constants(source(text)))) == [
        "the constant BARE has no unit or reason"
    ]


def test_a_class_name_belongs_to_one_place() -> None:
    one, other = source("class Vote: ...\n"), source("class Vote: ...\n", "bench/votes.py")
    (flaw,) = repeated_classes([one, other])
    assert (flaw.path, flaw.message) == (
        "bench/votes.py",
        "the class Vote is also defined in matcher/voting.py",
    )
