"""Sends a film as MJPEG cameras over HTTP, as a process: `python -m bench.live.sender`.

Every path is a camera of its own. The pictures were encoded beforehand, so that the sender takes
next to nothing of the processor, as a camera in the network would.
"""

import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from struct import Struct
from typing import Final

from typing_extensions import override

LENGTH: Final = Struct("!I")
BOUNDARY: Final = "frame"


def write_film(path: Path, pictures: Sequence[bytes]) -> None:
    """Keep encoded pictures one behind the other."""
    with path.open("wb") as file:
        for picture in pictures:
            file.write(LENGTH.pack(len(picture)) + picture)


def read_film(path: Path) -> list[bytes]:
    """Read the pictures that `write_film` wrote."""
    data, at, pictures = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = LENGTH.unpack_from(data, at)
        pictures.append(data[at + LENGTH.size : at + LENGTH.size + length])
        at += LENGTH.size + length
    return pictures


class CameraServer(ThreadingHTTPServer):
    """One film, shown to everybody in step with the clock.

    Attributes:
        pictures: JPEGs.
        rate: frames per second.
        started: Unix seconds at which the film began.
    """

    daemon_threads = True

    def __init__(self, pictures: Sequence[bytes], rate: float) -> None:
        super().__init__(("127.0.0.1", 0), _Camera)
        self.pictures = pictures
        self.rate = rate
        self.started = time.time()


class _Camera(BaseHTTPRequestHandler):
    server: CameraServer

    def do_GET(self) -> None:
        """Show the film until the viewer leaves."""
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        film = self.server
        number = int((time.time() - film.started) * film.rate) + 1
        try:
            while True:
                # A camera that is held up leaves pictures out; it does not fall behind its clock.
                number = max(number, int((time.time() - film.started) * film.rate))
                due = film.started + number / film.rate
                time.sleep(max(due - time.time(), 0))
                self._show(film.pictures[number % len(film.pictures)])
                number += 1
        except OSError:
            return  # the viewer has left

    def _show(self, picture: bytes) -> None:
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        self.wfile.write(head.encode("ascii") + picture + b"\r\n")

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: standard output is read by the parent."""


def main(arguments: Sequence[str]) -> None:
    """Serve FILM at RATE; print port and start; end with standard input."""
    film, rate = Path(arguments[0]), float(arguments[1])
    server = CameraServer(read_film(film), rate)
    sys.stdout.write(f"{server.server_address[1]} {server.started!r}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
