"""Statements of the documents, held against the code."""

import re
from pathlib import Path

import pytest
import typer.main

from api.cli.main import application

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_picture_of_a_document_is_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_is_a_command(document: Path) -> None:
    group = getattr(typer.main.get_command(application()), "commands", {})
    code = "\n".join(re.findall(r"^```$(.*?)^```$", document.read_text(), re.M | re.S))
    for words in re.findall(r"^skulens ([a-z]+)(?: ([a-z-]+))?", code, re.M):
        assert words[0] in group, words
        inner = getattr(group[words[0]], "commands", None)
        if inner and words[1]:
            assert words[1] in inner, words


def test_the_picture_of_the_readme_is_small() -> None:
    assert (ROOT / "docs" / "images" / "found.jpg").stat().st_size < 400_000


@pytest.mark.parametrize("target", ["demo", "test", "lint", "soak", "clean"])
def test_the_makefile_has_what_the_readme_names(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)
    assert f"make {target}" in (ROOT / "README.md").read_text()


def test_every_requirement_is_pinned_and_has_a_reason() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-weights.txt"):
        lines = (ROOT / name).read_text().splitlines()
        for before, line in zip(["", *lines], lines, strict=False):
            if line and not line.startswith(("#", "-r ")):
                assert "==" in line, line
                assert before.startswith("#") or "==" in before, line


def test_continuous_integration_runs_the_tests() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
