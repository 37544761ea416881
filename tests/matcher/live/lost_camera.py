"""A Motion JPEG camera that breaks off after a few pictures, every time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import cv2
from typing_extensions import override

from tests.matcher.live.harness import TEA

PICTURES = 4  # of one connection
APART_S = 0.02


class _LosingServer(ThreadingHTTPServer):
    daemon_threads = True


class _LosingHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Show some pictures, then close in the middle of the next one."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(PICTURES):
            self.wfile.write(_part(number))
            sleep(APART_S)
        last = _part(PICTURES)
        self.wfile.write(last[: len(last) // 2])

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _part(number: int) -> bytes:
    image = cv2.cvtColor(TEA.frame(number).image, cv2.COLOR_RGB2BGR)
    code = cv2.imencode(".jpg", image)[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(code)}\r\n\r\n"
    return head.encode() + code + b"\r\n"


@dataclass(frozen=True)
class LostCamera:
    """The camera's address."""

    url: str

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator["LostCamera"]:
        """Serve while the block runs."""
        server = _LosingServer(("127.0.0.1", 0), _LosingHandler)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield cls(f"http://127.0.0.1:{server.server_address[1]}/camera")
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
