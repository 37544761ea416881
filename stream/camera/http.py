"""Opens HTTP cameras (MJPEG, HLS, MPEG-TS): checked hosts, no redirects to other hosts."""

import http.client
import ssl
import urllib.error
import urllib.request
from functools import partial
from typing import IO, Final
from urllib.parse import urlsplit

from typing_extensions import override

from stream.camera.address import CameraAddress
from stream.camera.container import OpenCamera, open_container, prepare
from stream.camera.dialer import Dialer
from stream.camera.settings import CameraSettings
from stream.errors import SourceError

READ_TIMEOUT_S: Final = 5.0  # below CameraSettings.give_up_after, so that the reason is told
USER_AGENT: Final = "skulens"
# Content types, and FFmpeg's names of the formats that they stand for.
PLAYLISTS: Final = ("application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl")
MULTIPART: Final = ("multipart/x-mixed-replace", "multipart/mixed")
CONTAINERS: Final = {"video/mp2t": "mpegts", "video/x-flv": "flv", "video/mp4": "mp4"}
# A segment that claims to be another playlist, or a description of sockets to open, is refused.
HLS_OPTIONS: Final = {
    "http_persistent": "0",
    "live_start_index": "-2",
    "format_whitelist": "hls,mpegts,mov,mp4,m4a,3gp,3g2,mj2",
}
ELSEWHERE: Final = "it redirects to another host; use the address it redirects to"
REASONS: Final = {
    **dict.fromkeys((301, 302, 303, 307, 308), ELSEWHERE),
    401: "it refuses the user name or password",
    403: "it refuses the user name or password",
    404: "it has no stream at this path",
    429: "it serves too many viewers already",
    503: "it is not ready to serve",
}


def open_http(address: CameraAddress, dialer: Dialer, settings: CameraSettings) -> OpenCamera:
    """Open a web camera, whichever kind its content type names; see `stream.camera.open.Opener`.

    Raises:
        SourceError: it is not there, not allowed, or serves no video.
    """
    reader = HttpReader(address, dialer)
    response = reader.open()
    kind = response.content_type
    if kind in PLAYLISTS or address.path.partition("?")[0].endswith(".m3u8"):
        response.close()
        container = open_container(address.url(), "hls", HLS_OPTIONS, reader.open_part)
        return prepare(container, settings.threads, comes_in_bursts=True)
    if kind in MULTIPART:
        return prepare(open_container(response, "mpjpeg"), settings.threads, has_times=False)
    if kind in CONTAINERS:
        container = open_container(response, CONTAINERS[kind])
        return prepare(container, settings.threads, comes_in_bursts=True)
    response.close()
    raise SourceError(f"it serves {kind}, which is not a stream of pictures")


class HttpStream:
    """The body of a response; PyAV reads it like a file."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.content_type = response.headers.get_content_type()

    def read(self, size: int) -> bytes:
        """Return the bytes that arrived, `size` at most; empty at the end.

        Raises:
            SourceError: nothing came in time, or the connection broke.
        """
        try:
            return self._response.read1(size)
        except TimeoutError as error:
            raise SourceError(f"nothing came for {READ_TIMEOUT_S:.0f} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceError("the connection broke") from error

    def close(self) -> None:
        """Close the connection."""
        self._response.close()


class HttpReader:
    """Opens a camera's HTTP address, and the segments that its playlist names."""

    def __init__(self, address: CameraAddress, dialer: Dialer) -> None:
        self._address = address
        self._opener = urllib.request.OpenerDirector()
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if address.user:  # for this host alone: a playlist may name others
            place = f"{address.scheme}://{urlsplit(address.url()).netloc}/"
            passwords.add_password(None, place, address.user, address.password)
        for handler in (
            _DialingHandler(dialer),
            _SameHostRedirects(address.host),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPDigestAuthHandler(passwords),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def open(self, url: str = "", first: int = 0, end: int | None = None) -> HttpStream:
        """Open an address; the camera's own if none is given.

        Args:
            url: http or https.
            first: the first byte to request.
            end: the byte after the last one to request; None for all.

        Raises:
            SourceError: it is not allowed, not there, or does not answer.
        """
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*"}
        if first or end:
            headers["Range"] = f"bytes={first}-{'' if end is None else end - 1}"
        if not (url or self._address.url()).startswith(("http://", "https://")):
            raise SourceError("its playlist names something that is not on the web")
        try:
            request = urllib.request.Request(url or self._address.url(), headers=headers)
            return HttpStream(self._opener.open(request, timeout=READ_TIMEOUT_S))
        except urllib.error.HTTPError as error:
            error.close()
            reason = REASONS.get(error.code, "it cannot serve this")
            raise SourceError(f"{reason} (HTTP {error.code})") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceError(
                "it answers with something that is not HTTP, or not at all"
            ) from error

    def open_part(self, url: str, _flags: int, options: dict[str, str]) -> HttpStream:
        """Open a playlist or segment; PyAV calls it for each."""
        end = options.get("end_offset")
        return self.open(url, int(options.get("offset", 0)), int(end) if end else None)


class _DialingHandler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Connects through the dialer."""

    def __init__(self, dialer: Dialer) -> None:
        urllib.request.HTTPHandler.__init__(self)
        self._dialer = dialer

    @override
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_DialedConnection, self._dialer, None), req)

    @override
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        tls = ssl.create_default_context()
        return self.do_open(partial(_DialedConnection, self._dialer, tls), req)

    https_request = urllib.request.AbstractHTTPHandler.do_request_


class _DialedConnection(http.client.HTTPConnection):
    def __init__(
        self, dialer: Dialer, tls: ssl.SSLContext | None, host: str, timeout: float
    ) -> None:
        if tls is not None:
            self.default_port = http.client.HTTPS_PORT
        super().__init__(host, timeout=timeout)
        self._dialer = dialer
        self._tls = tls

    @override
    def connect(self) -> None:
        self.sock = self._dialer.connect(
            self.host, self.port, tls=self._tls, timeout=READ_TIMEOUT_S
        )


class _SameHostRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects on the same host; others could lead into networks that are refused."""

    def __init__(self, host: str) -> None:
        self._host = host

    @override
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        new = urlsplit(newurl)
        if new.scheme not in ("http", "https") or new.hostname != self._host:
            raise SourceError(ELSEWHERE)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
