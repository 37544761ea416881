"""A real RTSP server (GStreamer's) that serves what comes in on standard input, live.

Runs under the system's Python, which has the bindings: gst_server.py PORT CODEC [USER PASSWORD].
Standard input: per access unit a header (length, 1 for a key frame; network order) and the bytes.
Prints "ready", then a line per client that comes or goes.
"""

import sys
import threading
from struct import Struct
from typing import Any

import gi  # type: ignore[import-untyped,import-not-found,unused-ignore]

for name, version in (
    ("Gst", "1.0"),
    ("GstApp", "1.0"),
    ("GstRtsp", "1.0"),
    ("GstRtspServer", "1.0"),
):
    gi.require_version(name, version)
from gi.repository import (  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: E402
    GLib,
    Gst,
    GstApp,  # noqa: F401  (the import gives appsrc its methods)
    GstRtsp,
    GstRtspServer,
)

HEADER = Struct("!IB")
CAPS = {
    "h264": "video/x-h264,stream-format=byte-stream,alignment=au",
    "h265": "video/x-h265,stream-format=byte-stream,alignment=au",
    "mjpeg": "image/jpeg",
}
PIPELINES = {
    "h264": "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h265": "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1",
    "mjpeg": "jpegparse ! rtpjpegpay name=pay0 pt=26",
}


class GstFeed:
    """Hands each access unit to every stream that is being served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: dict[Any, bool] = {}

    def add(self, source: Any) -> None:
        with self._lock:
            self._sources[source] = False

    def remove(self, source: Any) -> None:
        with self._lock:
            self._sources.pop(source, None)

    def run(self) -> None:
        """Read until standard input ends; then end the stream of every client."""
        stdin = sys.stdin.buffer
        while header := stdin.read(HEADER.size):
            length, is_key = HEADER.unpack(header)
            self._push(stdin.read(length), bool(is_key))
        with self._lock:
            for source in self._sources:
                source.emit("end-of-stream")

    def _push(self, data: bytes, is_key: bool) -> None:
        with self._lock:
            for source, has_begun in self._sources.items():
                if not (has_begun or is_key):
                    continue
                self._sources[source] = True
                source.emit("push-buffer", Gst.Buffer.new_wrapped_bytes(GLib.Bytes.new(data)))


class GstFactory(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc]
    """One pipeline for all clients, fed by the program."""

    def __init__(self, feed: GstFeed, codec: str) -> None:
        super().__init__()
        self._feed = feed
        self._codec = codec
        self.set_shared(True)
        self.set_latency(0)

    def do_create_element(self, _url: Any) -> Any:
        return Gst.parse_launch(
            "( appsrc name=src is-live=true do-timestamp=true format=time max-buffers=60 "
            f"leaky-type=downstream ! {PIPELINES[self._codec]} )"
        )

    def do_configure(self, media: Any) -> None:
        source = media.get_element().get_by_name_recurse_up("src")
        source.set_property("caps", Gst.Caps.from_string(CAPS[self._codec]))
        self._feed.add(source)
        media.connect("unprepared", lambda _media: self._feed.remove(source))


def protect(server: Any, factory: Any, user: str, password: str) -> None:
    """Require the password."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main(port: str, codec: str, user: str = "", password: str = "") -> None:
    """Serve rtsp://127.0.0.1:PORT/cam until killed."""
    Gst.init(None)
    feed = GstFeed()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstFactory(feed, codec)
    if user:
        protect(server, factory, user, password)
    server.get_mount_points().add_factory("/cam", factory)
    if server.attach(None) == 0:
        sys.exit(f"port {port} is taken")
    threading.Thread(target=feed.run, daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
