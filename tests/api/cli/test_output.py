"""Answers on stdout, everything else on stderr."""

import pytest

from api.cli.output import PIPE_WIDTH, Output, printable


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\udcffc\n") == "a�[2Jb?c�"


def test_with_json_only_lines_of_json_are_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True)
    output.show("for people")
    output.line({"name": "Müller"})
    output.note("a remark")
    result = capsys.readouterr()
    assert result.out == '{"name": "M\\u00fcller"}\n'
    assert result.err == "a remark\n"


def test_without_json_only_the_answer_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.show("for people")
    output.line({"name": "x"})
    assert capsys.readouterr().out == "for people\n"


def test_refusals_are_one_line_each_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.refuse("first [bold]" + "x" * 200)
    output.refuse("second\x1b")
    result = capsys.readouterr()
    assert (output.refusals, result.out) == (2, "")
    assert len(result.err.splitlines()) == 2
    assert "[bold]" in result.err
    assert "\x1b" not in result.err


def test_nothing_is_drawn_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    with output.progress("reading", "files") as advance:
        advance(1, 2)
    with output.working("thinking"):
        pass
    assert capsys.readouterr() == ("", "")
    assert (output.console.width, output.console.is_terminal) == (PIPE_WIDTH, False)
