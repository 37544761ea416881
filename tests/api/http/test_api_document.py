"""The examples of docs/api.md are run: three stories with curl, and the client."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.cli.test_video import tea_clip
from tests.api.http.serving import Service, png, serving
from tests.stream.peers.cameras import GstCamera

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
CAMERA = "rtsp://user:password@192.168.1.20/stream"
# A refusal of the service ends the story; what never ends is read for as long as a camera needs.
BEFORE = """
set -eo pipefail
curl() { command curl --fail-with-body --max-time 30 "$@"; }
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("document")) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures and the clip that the document names."""
    made = tmp_path_factory.mktemp("files")
    for number, name in enumerate(("front", "side", "back", "photo")):
        (made / f"{name}.jpg").write_bytes(png(1 if name == "photo" else number + 1))
    tea_clip(made / "clip.mp4")
    return made


def chapter(title: str, language: str = "bash") -> str:
    """The code of a chapter."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S))


def run_story(service: Service, folder: Path, code: str) -> str:
    """Run a story to its end: its output."""
    script = BEFORE + f"S={service.url}/v1\n" + code.replace(ADDRESS, service.url)
    run = subprocess.run(
        ["bash", "-c", script], cwd=folder, text=True, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return run.stdout


def test_a_mug_is_enrolled_found_explained_and_judged(service: Service, folder: Path) -> None:
    output = run_story(service, folder, chapter("A mug, enrolled and found"))
    assert '"product_id":"mug"' in output
    assert '"verdict":"identical"' in output
    assert '"gates":' in output
    assert output.count('"hits":') == 2


def test_a_camera_is_remembered_and_followed(service: Service, folder: Path) -> None:
    code = chapter("A camera, live")
    assert CAMERA in code
    endless = 'curl -sN "$S/sessions/$SESSION/events"'
    assert endless in code
    with GstCamera() as camera:
        begun = code.replace(CAMERA, camera.url)
        output = run_story(
            service, folder, begun.replace(endless, f"{endless} --max-time 8 || true")
        )
        service.client.delete("/v1/cameras/till-3").raise_for_status()
    assert "event: status" in output
    assert (folder / "now.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_film_is_sent_followed_and_fetched(service: Service, folder: Path) -> None:
    output = run_story(service, folder, chapter("A film"))
    assert "event: end" in output
    assert '"product_id": "mug"' in output
    assert (folder / "annotated.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_client_does_what_is_written(service: Service, folder: Path) -> None:
    code = chapter("From Python and from the command line", "python").replace(ADDRESS, service.url)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env=environment, text=True, capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert output.startswith("identical mug")
