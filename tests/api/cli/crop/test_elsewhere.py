"""`skulens crop … --server`: a service answers as this machine would, to the letter."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.api.cli.crop.test_locate import write
from tests.api.http.serving import Service, serving
from tests.api.shop import CommandResult, Shop
from tests.api.web.program import PROGRAM, Program
from tests.matcher.crops.locate.scenes import scene

ASPECTS = tuple(word for wide in range(1, 13) for word in ("--aspect", f"{wide}:2"))
COMMANDS = [
    ("locate", "full.png", "part.png"),
    ("locate", "full.png", "full.png"),
    ("locate", 'odd "name".png', "part.png"),
    ("locate", "full.png", "other.png"),
    ("locate", "part.png", "photos"),
    ("locate", "full.png", "words.txt"),
    ("locate", "full.png", "dot.png"),
    ("locate", "full.png", "nothing.png"),
    ("locate", "photos", "photos"),
    ("propose", "full.png"),
    ("propose", "full.png", "--limit", "1"),
    ("propose", "full.png", "--point", "300.123456,120"),
    ("propose", "full.png", "--point", "5000,1"),
    ("propose", "full.png", "--point", "here"),
    ("propose", "words.txt"),
    ("thumbnail", "full.png", "part.png", "--aspect", "1:1", "--aspect", "16:9"),
    ("thumbnail", "full.png", *ASPECTS),
    ("thumbnail", "photos", "words.txt", "dot.png"),
    ("thumbnail", "full.png", "--aspect", "0:1"),
]


@pytest.fixture
def pictures(empty_shop: Shop) -> Shop:
    Path("photos").mkdir()
    write("photos/3.png", scene(3))
    write("full.png", scene(3))
    write('odd "name".png', scene(3))
    write("part.png", scene(3)[60:260, 120:420])
    write("other.png", scene(4))
    write("dot.png", scene(3)[:1, :1])
    Path("words.txt").write_text("no picture")
    Path("photos/words.jpg").write_text("no picture")
    return empty_shop


@pytest.fixture
def service(pictures: Shop) -> Iterator[Service]:
    """A service of stand-ins."""
    with serving(pictures.folder) as running:
        yield running


def alike(here: CommandResult, there: CommandResult) -> bool:
    """Whether two runs printed the same, but for milliseconds."""
    return (steady(here.out), here.err, here.code) == (steady(there.out), there.err, there.code)


def steady(text: str) -> list[str]:
    """Lines, without the time that it took."""
    lines = [json.loads(line) if line.startswith("{") else line for line in text.splitlines()]
    return [
        json.dumps({**line, "elapsed_ms": 0} if isinstance(line, dict) else line) for line in lines
    ]


def test_every_question_is_answered_the_same_here_and_there(
    pictures: Shop, service: Service
) -> None:
    for command in COMMANDS:
        # Strangers take seconds to tell apart.
        for form in ((),) if "other.png" in command else ((), ("--json",)):
            here = pictures.run("crop", *command, *form)
            there = pictures.run("crop", *command, *form, "--server", service.url)
            assert alike(here, there), (command, form, here, there)


def test_of_a_large_folder_only_the_one_clearly_meant_is_looked_at(
    pictures: Shop, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.crop.locate_folder.LOOKED_AT", 2)
    for number in (10, 11):
        write(f"photos/{number}.png", scene(number, 200, 150))
    order = ("crop", "locate", "part.png", "photos", "--json")
    here, there = pictures.run(*order), pictures.run(*order, "--server", service.url)
    assert [line["b"] for line in here.lines] == ["photos/3.png"]
    assert alike(here, there)


def test_thumbnails_are_cut_here_from_the_file_itself(pictures: Shop, service: Service) -> None:
    order = ("crop", "thumbnail", "full.png", "--aspect", "2:1", "--width", "5000")
    pictures.run_ok(*order, "--out", "here")
    pictures.run_ok(*order, "--out", "there", "--server", service.url)
    one, other = (Path(folder, "full-2x1.jpg").read_bytes() for folder in ("here", "there"))
    assert one == other


def test_a_difference_comes_along(pictures: Shop, service: Service) -> None:
    order = ("crop", "locate", "full.png", "part.png", "--difference")
    pictures.run_ok(*order, "here.png")
    pictures.run_ok(*order, "there.png", "--server", service.url)
    one, other = (np.asarray(Image.open(f"{side}.png"), np.float32) for side in ("here", "there"))
    assert one.shape == other.shape
    assert np.abs(one - other).mean() < 2  # levels: it travels as a JPEG


def test_the_environment_names_the_service_and_nobody_there_is_one_sentence(
    pictures: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKULENS_SERVER", "http://127.0.0.1:9")
    for question in (("propose", "full.png"), ("locate", "full.png", "part.png"),
                     ("locate", "part.png", "photos"), ("thumbnail", "full.png")):  # fmt: skip
        result = pictures.run("crop", *question)
        assert (result.code, result.out) == (1, "")
        assert "127.0.0.1:9 cannot be reached" in result.err
    assert pictures.run("crop", "propose", "full.png", "--server", "").code == 0


def test_a_service_that_takes_no_such_large_file_says_which(
    pictures: Shop, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.requests.uploads.LARGEST_PICTURE", 1000)
    result = pictures.run("crop", "propose", "full.png", "--server", service.url)
    assert result.code == 1
    assert result.sentence.startswith("the service does not take full.png: this is too large")


@pytest.mark.weights
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("pictures")
def test_another_process_answers_as_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "photos", folder / "photos")
    write(str(folder / "part.png"), scene(3)[60:260, 120:420])
    program = Program(folder)
    orders = [
        ("crop", "propose", "photos/3.png", "--point", "100,100", "--json"),
        ("crop", "thumbnail", "photos", "--aspect", "4:3", "--aspect", "1:1", "--json"),
        ("crop", "locate", "part.png", "photos", "--json"),
    ]
    with program.serving("127.0.0.1") as url:
        for order in orders:
            results = [
                subprocess.run(
                    [*PROGRAM, *order, *more], cwd=folder, env=program.environment,
                    text=True, capture_output=True, check=False,
                )
                for more in ((), ("--server", url))
            ]  # fmt: skip
            here, there = (
                CommandResult(done.returncode, done.stdout, done.stderr) for done in results
            )
            assert here.lines
            assert alike(here, there), (order, here, there)
