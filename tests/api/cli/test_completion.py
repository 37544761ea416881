"""Shell completion: what a shell asks, and what it is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.shop import Shop

ROOT = Path(__file__).parents[3]


def completed(words: str, shell: str = "bash") -> list[str]:
    """Return what a shell is offered for the last of the words."""
    return run_with(
        {
            "_SKULENS_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
    ).split()


def run_with(variables: dict[str, str]) -> str:
    """Return what the program prints in such an environment."""
    done = subprocess.run(
        [sys.executable, "-m", "skulens"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


def test_commands_are_completed() -> None:
    assert completed("skulens ca") == ["catalog"]
    assert completed("skulens catalog re") == ["reconcile"]


def test_options_are_completed() -> None:
    assert completed("skulens identify --wh") == ["--whole-image"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_asks_skulens(shell: str) -> None:
    assert "_SKULENS_COMPLETE" in run_with({"_SKULENS_COMPLETE": f"source_{shell}"})


def test_the_script_can_be_shown(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: "bash")
    assert "_SKULENS_COMPLETE" in shop.run_ok("--show-completion").out


def test_the_help_does_not_mention_it(shop: Shop) -> None:
    assert "completion" not in shop.run_ok("--help").out
