"""The command line as a whole: help, usage, settings, interruption, start-up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from api.cli.main import application
from api.errors import refusals, sentence
from api.settings import Settings
from tests.api.shop import Shop

ROOT = Path(__file__).parents[3]
COMMANDS = {
    "demo", "identify", "explain", "video", "models", "models convert",
    "catalog create", "catalog list", "catalog show", "catalog delete", "catalog import",
    "catalog export", "catalog model",
    "product add", "product list", "product show", "product remove", "product restore",
    "bench recognition", "bench homography", "bench latency", "bench copies", "bench video",
    "train detector", "train embedder",
}  # fmt: skip


def walk(command: object, name: str = "") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command with its name, groups included."""
    if name and isinstance(command, TyperCommand | TyperGroup):
        yield name, command
    if isinstance(command, TyperGroup):
        for part, child in command.commands.items():
            yield from walk(child, f"{name} {part}".strip())


ALL = dict(walk(typer.main.get_command(application())))


def test_the_commands_that_were_promised_are_there() -> None:
    assert COMMANDS - set(ALL) == set()


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_has_a_help_page_with_examples_of_itself(shop: Shop, name: str) -> None:
    assert f"$ skulens {name}" in (ALL[name].epilog or "")
    page = shop.run_ok(*name.split(), "--help").out
    assert "Examples" in page
    assert (ALL[name].help or "").split("\n", 1)[0][:40] in " ".join(page.split())


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_and_argument_says_what_it_is(name: str) -> None:
    for parameter in ALL[name].params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_without_a_command_the_help_is_shown(shop: Shop) -> None:
    result = shop.run()
    assert "identify" in result.out + result.err


def test_the_version_is_the_packages(shop: Shop) -> None:
    assert shop.run_ok("--version").out == "skulens 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["identify"],
        ["identify", "shop"],
        ["identify", "shop", "tea.png", "--nonsense"],
        ["catalog", "create"],
        ["product", "add", "shop", "tea"],
        ["video", "shop"],
        ["bench", "recognition"],
        ["models", "convert", "x.pt", "--network", "nonsense"],
        ["train", "detector", "--data", "x"],
    ],
)
def test_wrong_usage_exits_2_and_prints_nothing_on_stdout(shop: Shop, arguments: list[str]) -> None:
    result = shop.run(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["catalog", "list"],
        ["product", "list", "shop"],
        ["identify", "shop", "tea.png"],
        ["video", "shop", "clip.mp4"],
        ["models"],
        ["demo"],
        ["bench", "homography", "--shared", "x"],
        ["train", "detector", "--data", "x", "--out", "y"],
    ],
)
def test_a_misspelt_setting_stops_every_command_and_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("SKULENS_STORRAGE", "x")
    result = shop.run(*arguments)
    assert (result.code, result.out) == (1, "")
    assert "SKULENS_STORRAGE" in result.sentence
    assert "SKULENS_STORAGE" in result.sentence


def test_help_is_there_even_when_a_setting_is_misspelt(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKULENS_STORRAGE", "x")
    assert "Examples" in shop.run_ok("identify", "--help").out


def test_catalogs_lie_where_the_settings_say(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKULENS_STORAGE", str(shop.folder / "elsewhere"))
    assert shop.run_ok("catalog", "list", "--json").lines == []
    (shop.folder / ".env").write_text("SKULENS_DEVICE=tpu\n")
    assert "SKULENS_DEVICE" in shop.run("catalog", "list").sentence


@pytest.mark.parametrize("place", ["tea.png/data", "/dev/null"])
def test_a_storage_that_cannot_be_written_is_one_sentence(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("SKULENS_STORAGE", place)
    result = shop.run("catalog", "create", "new")
    assert result.code == 1
    assert result.sentence


def test_an_interrupted_command_is_quiet_and_exits_130(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tests.api.shop.ColourFinder.identify", interrupt)
    result = shop.run("identify", "shop", "tea.png")
    assert (result.code, result.out, result.err) == (130, "", "")


def test_a_fault_of_ours_is_not_disguised(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tests.api.shop.ColourFinder.identify", fail)
    with pytest.raises(ZeroDivisionError):
        shop.run("identify", "shop", "tea.png")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device", "a.bin"), OSError("x")])
def test_the_systems_refusals_are_sentences(error: OSError) -> None:
    assert isinstance(error, refusals())
    assert sentence(error).endswith(".")
    assert "\n" not in sentence(error)


def run_python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout + done.stderr


def test_help_imports_neither_networks_nor_arrays() -> None:
    code = "import sys, api.cli.main; api.cli.main.main(['identify', '--help']); print(sys.modules)"
    modules = run_python(code)
    for heavy in ("torch", "ultralytics", "openvino", "numpy", "cv2", "av", "PIL"):
        assert f"'{heavy}'" not in modules, heavy


def test_torchvision_and_torch_fit_each_other() -> None:
    code = """
import torch, torchvision
boxes = torch.tensor([[0., 0., 9., 9.], [1., 1., 9., 9.], [20., 20., 30., 30.]])
print(torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist())
"""
    assert "[0, 2]" in run_python(code)


def test_a_reader_that_leaves_early_ends_the_command_quietly() -> None:
    skulens = f"{sys.executable} -c 'import sys; from api.cli.main import main; sys.exit(main())'"
    done = subprocess.run(
        f"{skulens} --help | head -n 1",
        shell=True, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "Traceback" not in done.stderr


def test_the_defaults_need_nothing_to_be_set_up() -> None:
    assert Settings().weights == ROOT / "weights"
