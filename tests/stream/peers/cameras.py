"""Cameras for tests: a live encoder in front of a real RTSP server."""

import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from struct import Struct
from time import monotonic
from typing import Any

import av
import numpy as np
import pytest
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

HEADER = Struct("!IB")
SERVER = Path(__file__).with_name("gst_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"
ENCODERS = {
    "h264": (
        "libx264",
        {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "sliced-threads=0:slices=1"},
    ),
    "h265": (
        "libx265",
        {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none"},
    ),
    "mjpeg": ("mjpeg", {}),
}
Paint = Callable[[int, int, int], NDArray[np.uint8]]


def free_port() -> int:
    """Return a TCP port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def moving_bar(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Draw a bar that runs over a gradient; the top left corner's brightness is the number."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (np.arange(width) * 200 // width).astype(np.uint8)[None, :, None]
    begin = number * 8 % (width - 16)
    image[height // 4 :, begin : begin + 16] = 255
    image[: height // 4, : width // 4] = number % 32 * 8
    return image


def encoder(codec: str, size: tuple[int, int], rate: int, **options: str) -> VideoCodecContext:
    """An encoder without delay, a key frame every second."""
    name, defaults = ENCODERS[codec]
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    context.time_base, context.framerate = Fraction(1, rate), Fraction(rate)
    context.gop_size = rate
    context.max_b_frames = 0
    context.options = {**defaults, **options}
    return context


def access_units(
    codec: str, size: tuple[int, int], rate: int, paint: Paint
) -> Iterator[tuple[bytes, bool]]:
    """Yield encoded pictures without end, and whether each is a key frame."""
    context, number = encoder(codec, size, rate), 0
    while True:
        frame = VideoFrame.from_ndarray(paint(number, *size), "rgb24")
        frame = frame.reformat(format=context.pix_fmt)
        frame.pts = number
        for packet in context.encode(frame):
            yield bytes(packet), packet.is_keyframe
        number += 1


class GstCamera:
    """A camera behind GStreamer's RTSP server, TCP and UDP.

    Attributes:
        damage: while set, every access unit but key frames goes out with its middle broken.
        mute: while set, nothing is sent.

    It shows what is painted, or sends access units that are given, at its rate.
    """

    def __init__(
        self,
        port: int | None = None,
        codec: str = "h264",
        *,
        size: tuple[int, int] = (640, 360),
        rate: int = 25,
        login: tuple[str, str] | None = None,
        paint: Paint = moving_bar,
        units: Iterator[tuple[bytes, bool]] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.damage = threading.Event()
        self.mute = threading.Event()
        self._units = units or access_units(codec, size, rate, paint)
        self._rate = rate
        command = [SYSTEM_PYTHON, str(SERVER), str(self.port), codec, *(login or ())]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        if self._server.stdout.readline() != b"ready\n":
            self._server.communicate()
            pytest.fail("GStreamer's RTSP server does not start; run scripts/test-peers")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="encoder")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def freeze(self) -> None:
        """Stop the server, with its connections open."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill the server."""
        self._stopping.set()
        self._server.kill()
        self._thread.join(10)
        for pipe in (self._server.stdin, self._server.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._server.wait(10)

    def __enter__(self) -> "GstCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _feed(self) -> None:
        begin, number = monotonic(), 0
        assert self._server.stdin is not None
        with suppress(BrokenPipeError):
            for data, is_key in self._units:
                number += 1
                if self._stopping.wait(max(begin + number / self._rate - monotonic(), 0)):
                    return
                if self.mute.is_set():
                    continue
                if self.damage.is_set() and not is_key:
                    middle = len(data) // 2
                    data = data[:middle] + b"\x55" * (len(data) - middle)
                self._server.stdin.write(HEADER.pack(len(data), is_key) + data)
                self._server.stdin.flush()


class PerlCamera:
    """A camera that pushes to the RTSP server in Perl, which knows UDP only."""

    def __init__(self, size: tuple[int, int] = (640, 360), rate: int = 25) -> None:
        source, client = free_port(), free_port()
        self._server = subprocess.Popen(
            [
                "rtsp-server-perl",
                *("-s", str(source), "-c", str(client), "--rtp_start_port", "21000"),
                *("--client_listen_address", "127.0.0.1", "--source_listen_address", "127.0.0.1"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.url = f"rtsp://127.0.0.1:{client}/cam"
        self._stopping = threading.Event()
        self._size, self._rate = size, rate
        arguments: dict[str, Any] = {"args": (f"rtsp://127.0.0.1:{source}/cam",)}
        self._thread = threading.Thread(target=self._push, **arguments)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._server.kill()
        self._server.wait(10)

    def __enter__(self) -> "PerlCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _push(self, url: str) -> None:
        with suppress(FFmpegError), self._opened(url) as container:
            name, options = ENCODERS["h264"]
            stream = container.add_stream(name, rate=self._rate, options={**options, "g": "25"})
            stream.width, stream.height = self._size
            stream.pix_fmt = "yuv420p"
            begin, number = monotonic(), 0
            while not self._stopping.wait(max(begin + number / self._rate - monotonic(), 0)):
                image = moving_bar(number, *self._size)
                frame = VideoFrame.from_ndarray(image, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, self._rate)
                container.mux(stream.encode(frame))
                number += 1

    def _opened(self, url: str) -> Any:
        """Connect as soon as the server is there."""
        for _ in range(50):
            with suppress(FFmpegError, OSError):
                return _started(url)
            self._stopping.wait(0.1)
        pytest.fail("rtsp-server-perl does not start; run scripts/test-peers")


def _started(url: str) -> Any:
    with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0])), 1):
        pass
    return av.open(url, "w", format="rtsp", options={"rtsp_transport": "udp"})
