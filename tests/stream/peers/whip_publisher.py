"""A WHIP publisher: FFmpeg's muxer, as shipped with PyAV.

whip_publisher.py URL CERTIFICATE KEY WIDTHxHEIGHT RATE SECONDS [stamped]

A process of its own: FFmpeg's handshake holds the interpreter's lock.
"""

import sys
import time
from fractions import Fraction

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bench.live.scene import burn_number

OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "profile": "baseline",
    "g": "25",
    "x264-params": "sliced-threads=0:slices=1",
}


def centiseconds() -> int:
    """The reading of a clock in the picture, 0 to 65535."""
    return round(time.time() * 100) % 2**16


def main(
    url: str, certificate: str, key: str, size: str, rate: str, seconds: str, stamped: str = ""
) -> None:
    """Publish moving bars for some seconds, leave, and print how many pictures were sent."""
    width, height = (int(side) for side in size.split("x"))
    frame_rate = int(rate)
    options = {"cert_file": certificate, "key_file": key}
    with av.open(url, "w", format="whip", options=options) as container:
        stream = container.add_stream("libx264", rate=frame_rate, options=OPTIONS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        begin, number, sent = time.monotonic(), 0, 0
        while number < round(float(seconds) * frame_rate):
            time.sleep(max(begin + number / frame_rate - time.monotonic(), 0))
            # A camera that cannot keep up leaves pictures out; it does not fall behind its clock.
            number = max(number, int((time.monotonic() - begin) * frame_rate))
            image = np.full((height, width, 3), number * 8 % 256, np.uint8)
            image[:, : (number * 16) % width] = 255
            if stamped:
                burn_number(image, centiseconds())
            frame = VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, frame_rate)
            container.mux(stream.encode(frame))
            number += 1
            sent += 1
        container.mux(stream.encode(None))
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
