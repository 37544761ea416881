"""The real program in a folder of its own, with the shipped networks."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.networks import link_networks

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "import sys; from api.cli.main import main; sys.exit(main())"]
START_S = 240  # networks are compiled at the first start
LOG_TAIL = 2000  # characters of the log


class Program:
    """Runs skulens in a folder."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("SKULENS_")},
            "PYTHONPATH": str(ROOT),
            "SKULENS_STORAGE": str(folder / "data"),
            "SKULENS_CACHE_DIR": str(link_networks(folder / "cache")),
            "SKULENS_STATE": str(folder / "state"),
            **(settings or {}),
        }

    def run(self, *arguments: str) -> str:
        """Run a command to its end: what it output."""
        return subprocess.run(
            [*PROGRAM, *arguments], cwd=self._folder, env=self.environment,
            text=True, capture_output=True, check=True,
        ).stdout  # fmt: skip

    @contextmanager
    def serving(self, host: str, *arguments: str) -> Iterator[str]:
        """Serve while the block runs: the address."""
        with socket.socket() as free:
            free.bind((host, 0))
            port = free.getsockname()[1]
        log = self._folder / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [*PROGRAM, "serve", "--host", host, "--port", str(port), *arguments],
                cwd=self._folder, env=self.environment, stdout=output, stderr=output,
            )  # fmt: skip
        url = f"{'https' if '--self-signed' in arguments else 'http'}://{host}:{port}"
        try:
            _until_ready(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                code = process.wait(15)
            finally:
                process.kill()
        assert code in (0, -signal.SIGTERM), log.read_text()[-LOG_TAIL:]


def _until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_S
    with httpx2.Client(verify=False) as client:
        while time.monotonic() < until:
            assert process.poll() is None, log.read_text()[-LOG_TAIL:]
            try:
                if client.get(f"{url}/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-LOG_TAIL:])
