"""The real program in processes of its own: real pictures, real networks, real signals."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.networks import link_networks
from tests.stream.clips import write_clip

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "import sys; from api.cli.main import main; sys.exit(main())"]
PRODUCTS = ("Arla-Standard-Milk", "Oatly-Oat-Milk", "Tropicana-Golden-Grapefruit")

pytestmark = pytest.mark.data


class Terminal:
    """Runs skulens in a folder."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SKULENS_")},
            "PYTHONPATH": str(ROOT),
            "SKULENS_CACHE_DIR": str(cache),
        }

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Start a command."""

        def hear_interrupts() -> None:
            # Whoever runs the tests in a shell's background has them ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        return subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            cwd=self.folder, env=self._environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_interrupts,
        )  # fmt: skip

    def run(self, *arguments: object, largest_file: int | None = None) -> tuple[int, str, str]:
        """Run a command to its end: exit code, stdout, stderr."""

        def limit() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        done = subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            cwd=self.folder, env=self._environment, text=True, capture_output=True,
            check=False, preexec_fn=limit,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled networks, shared by the tests of this file as by a user's commands."""
    return link_networks(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def grocery(shared_data: Path) -> Path:
    return shared_data / "grocery"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, grocery: Path, cache: Path) -> Path:
    """A folder with a catalog `shop` of three real cartons in `data`."""
    folder = tmp_path_factory.mktemp("stocked")
    for product in PRODUCTS:
        shutil.copytree(grocery / "catalog" / product, folder / "pictures" / product)
    code, _, err = Terminal(folder, cache).run("catalog", "import", "shop", "pictures")
    assert code == 0, err
    return folder


@pytest.fixture
def terminal(stocked: Path, tmp_path: Path, cache: Path) -> Terminal:
    shutil.copytree(stocked / "data", tmp_path / "data")
    return Terminal(tmp_path, cache)


def photos(grocery: Path, product: str) -> Sequence[Path]:
    return sorted((grocery / "eval" / product).iterdir())


def test_real_cartons_are_named_cold(terminal: Terminal, grocery: Path) -> None:
    requested = [
        (product_id, path)
        for product_id in PRODUCTS[1:]
        for path in photos(grocery, product_id)[:5]
    ]
    code, out, err = terminal.run("identify", "shop", *(path for _, path in requested), "--json")
    assert (code, err) == (0, "")
    best = [json.loads(line)["detections"][0] for line in out.splitlines()]
    named = [(detection, truth) for detection, (truth, _) in zip(best, requested, strict=True)]
    assert all(
        detection["product_id"] == truth
        for detection, truth in named
        if detection["verdict"] != "unknown"
    )
    verdicts = [detection["verdict"] for detection in best]
    assert verdicts.count("identical") >= 4
    assert len(verdicts) - verdicts.count("unknown") >= 6


def test_serving_a_photo_on_a_processor_imports_no_torch(terminal: Terminal, grocery: Path) -> None:
    photo = photos(grocery, PRODUCTS[0])[0]
    code = (
        "import sys; from api.cli.main import main; "
        f"assert main(['identify', 'shop', {str(photo)!r}, '--json']) == 0; "
        "print('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SKULENS_DEVICE": "cpu",
                   "SKULENS_CACHE_DIR": terminal._environment["SKULENS_CACHE_DIR"]}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=terminal.folder, env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False"


def test_two_processes_may_fill_one_catalog_at_once(terminal: Terminal, grocery: Path) -> None:
    running = [
        terminal.start("product", "add", "shop", f"new-{number}", photos(grocery, product)[0])
        for number, product in enumerate(PRODUCTS)
    ]
    ends = [(*process.communicate(timeout=100), process.returncode) for process in running]
    assert [code for _, _, code in ends] == [0, 0, 0], ends
    _, out, _ = terminal.run("product", "list", "shop", "--json")
    assert len(out.splitlines()) == 6


def test_on_a_full_disk_nothing_is_half_written(terminal: Terminal, grocery: Path) -> None:
    photo = photos(grocery, PRODUCTS[0])[0]
    code, out, err = terminal.run("product", "add", "shop", "new", photo, largest_file=3000)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    _, listed, _ = terminal.run("product", "list", "shop", "--json")
    assert len(listed.splitlines()) == 3


def carton_clip(path: Path, picture: Path, frames: int, step_ms: int = 40) -> Path:
    """A carton that moves over a grey table."""
    carton = Image.open(picture).convert("RGB").resize((150, 200))
    images = []
    for number in range(frames):
        table = Image.new("RGB", (320, 240), (120, 120, 120))
        table.paste(carton, (10 + number % 150, 20))
        images.append(np.asarray(table))
    return write_clip(
        path, pictures=images, times_ms=range(0, step_ms * frames, step_ms), size=(320, 240)
    )


def test_a_killed_video_job_goes_on_and_yields_the_same_events(
    terminal: Terminal, grocery: Path
) -> None:
    clip = carton_clip(
        terminal.folder / "clip.mp4",
        grocery / "catalog" / PRODUCTS[1] / "iconic.jpg",
        75,
        step_ms=100,
    )
    code, whole, err = terminal.run("video", "shop", clip, "--json", "--events", "whole.jsonl")
    assert (code, err) == (0, "")
    process = terminal.start("video", "shop", clip, "--events", "events.jsonl")
    jobs = terminal._environment["SKULENS_CACHE_DIR"]
    deadline = time.monotonic() + 100
    while not list(Path(jobs).rglob("checkpoint.json")) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()
    code, again, err = terminal.run("video", "shop", clip, "--json", "--events", "events.jsonl")
    assert (code, err) == (0, "")
    assert again == whole
    assert (terminal.folder / "events.jsonl").read_text() == whole
    assert list(Path(jobs).rglob("checkpoint.json")) == []


def test_an_interrupted_video_is_quiet_and_exits_130(terminal: Terminal, grocery: Path) -> None:
    clip = carton_clip(
        terminal.folder / "clip.mp4", grocery / "catalog" / PRODUCTS[1] / "iconic.jpg", 900
    )
    process = terminal.start("video", "shop", clip, "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
