"""gunicorn's workers as they are run, without an engine behind them: what they do alone."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope

ROOT = Path(__file__).parents[4]
APP = "api.http.process.processes:worker_app()"
WORKER = "api.http.process.worker.PlainWorker"


@dataclass(frozen=True)
class Workers:
    """Light workers on one port.

    Attributes:
        master: gunicorn's.
        scheme: of HTTP, with TLS or without.
        port: on loopback.
        key: of scope admin.
        log: what they wrote.
    """

    master: psutil.Process
    scheme: str
    port: int
    key: str
    log: Path

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx2.Response:
        """Ask over a new connection, so that any worker may answer."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        with httpx2.Client(base_url=self.url, timeout=20, verify=False) as client:
            return client.request(method, path, headers=named)


@contextmanager
def workers(folder: Path, count: int = 1, *options: str, **settings: str) -> Iterator[Workers]:
    """Workers while the block runs; settings are named in upper case, without prefix."""
    key, _ = KeyStore(folder / "state" / "keys.json").create([Scope.ADMIN])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"STATE": str(folder / "state"), "STORAGE": str(folder / "data"), **settings}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment |= {f"SKULENS_{name}": text for name, text in given.items()}
    command = [sys.executable, "-m", "gunicorn", "--config", os.devnull, "-k", WORKER, *options]
    command += ["-w", str(count), "-b", f"127.0.0.1:{port}", "--no-control-socket", APP]
    scheme = "https" if "--certfile" in options else "http"
    log = folder / "log"
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=folder, env=environment, stderr=file) as process,
    ):
        running = Workers(psutil.Process(process.pid), scheme, port, key, log)
        try:
            _until_alive(running, process)
            yield running
        finally:
            process.terminate()
            process.wait(30)


def _until_alive(running: Workers, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while True:
        try:
            running.ask("/healthz")
        except httpx2.TransportError:
            assert process.poll() is None, running.log.read_text()
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return
