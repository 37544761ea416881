"""An HTTP client for cameras: one connection, checked hosts, passwords for the camera alone."""

import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final, NoReturn
from urllib.parse import quote, urljoin, urlsplit

from typing_extensions import override

from stream.camera.address import DEFAULT_PORTS, CameraAddress
from stream.camera.answers import MOVED, explain_http
from stream.camera.challenge import REFUSED, Login
from stream.camera.dialer import Dialer
from stream.errors import SourceError

READ_TIMEOUT_S: Final = 5.0  # below CameraSettings.give_up_after, so that the reason is shown
ICY: Final = b"ICY "
MAX_STATUS_BYTES: Final = 4096  # of the line that begins an answer
USER_AGENT: Final = "skulens"
MAX_REDIRECTS: Final = 5  # of one request; a camera needs one or two
MAX_TRIES: Final = 3  # of one request: without a password, with it, with a fresh nonce
MAX_REFUSAL_BYTES: Final = 65536  # of a body that is read only to use its connection again
MAX_COOKIES: Final = 32  # per host; cameras need one
REDIRECTS: Final = (301, 302, 303, 307, 308)  # statuses of RFC 9110
SILENT: Final = f"nothing came for {READ_TIMEOUT_S:.0f} s"
NOT_HTTP: Final = "it answers with something that is not HTTP, or not at all"
NOT_WEB: Final = "its playlist names something that is not on the web"
# Left as it is in a path; everything else, spaces and non-ASCII characters too, is encoded.
PATH_CHARACTERS: Final = "/%:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class WebPlace:
    """Something on the web.

    Attributes:
        scheme: "http" or "https".
        host: name or IP address, in lower case.
        port: of TCP.
        path: with its query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """As text."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    def covers(self, other: "WebPlace") -> bool:
        """Whether what may be shown to this place may be shown to another."""
        if self.host != other.host:
            return False
        is_same = (self.scheme, self.port) == (other.scheme, other.port)
        return is_same or (self.scheme, other.scheme) == ("http", "https")


def parse_place(url: str) -> WebPlace:
    """Parse an address of the web.

    Raises:
        SourceError: it is none.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceError(NOT_WEB)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise SourceError(NOT_WEB) from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebPlace(parts.scheme, parts.hostname, port, quote(path, safe=PATH_CHARACTERS))


class HttpStream:
    """The body of an answer.

    Attributes:
        content_type: in lower case, without parameters; empty if the camera names none.
        length: of the body in bytes, if it is known.
        url: where it was found, after redirects.
    """

    def __init__(
        self, response: http.client.HTTPResponse, url: str, end: Callable[[], None]
    ) -> None:
        self._response = response
        self._end = end
        self._ahead = b""
        self._left: int | None = None  # bytes that may be read yet; None: all
        self.url = url
        self.length = response.length
        named = response.headers.get("Content-Type", "")
        self.content_type = named.partition(";")[0].strip().lower()

    def peek(self, is_enough: Callable[[bytes], bool], limit: int) -> bytes:
        """Return the first bytes, without taking them: until they are enough, or at most a limit.

        Raises:
            SourceError: nothing came in time, or the connection broke.
        """
        while len(self._ahead) < limit and not is_enough(self._ahead):
            part = self._receive(limit - len(self._ahead))
            if not part:
                break
            self._ahead += part
        return self._ahead

    def read(self, size: int) -> bytes:
        """Return the bytes that arrived, `size` at most; empty at the end.

        Raises:
            SourceError: nothing came in time, or the connection broke.
        """
        if self._ahead:
            part, self._ahead = self._ahead[:size], self._ahead[size:]
            return part
        return self._receive(size)

    def cut(self, first: int, end: int | None) -> None:
        """Leave out what is before and after a range of bytes; before anything was read.

        Raises:
            SourceError: nothing came in time, or the connection broke.
        """
        while first > 0 and (part := self._receive(first)):
            first -= len(part)
            end = None if end is None else end - len(part)
        self._left = end

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._end()

    def _receive(self, size: int) -> bytes:
        try:
            part = self._response.read1(size if self._left is None else min(size, self._left))
        except TimeoutError as error:
            raise SourceError(SILENT) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceError("the connection broke") from error
        if self._left is not None:
            self._left -= len(part)
        return part


class HttpReader:
    """Opens a camera's HTTP address, and the segments that its playlist names."""

    def __init__(self, address: CameraAddress, dialer: Dialer) -> None:
        self._address = address
        self._dialer = dialer
        self._home = parse_place(address.url())
        self._login = Login(address.user, address.password, is_private=self._home.scheme == "https")
        self._cookies: dict[str, dict[str, str]] = {}  # by host: names and values

    def open(self, url: str = "", first: int = 0, end: int | None = None) -> HttpStream:
        """Open an address; the camera's own if none is given.

        Args:
            url: http or https.
            first: the first byte to request.
            end: the byte after the last one to request; None for all.

        Raises:
            SourceError: it is not allowed, not there, or does not answer.
        """
        place = parse_place(url) if url else self._home
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*"}
        if first or end:
            headers["Range"] = f"bytes={first}-{'' if end is None else end - 1}"
        for _ in range(MAX_REDIRECTS + 1):
            connection = _DialedConnection(self._dialer, place)
            try:
                response = self._request(connection, place, headers)
                if response.status in REDIRECTS and response.headers.get("Location"):
                    target = response.headers["Location"]
                    place = _follow(place, urljoin(place.url, target))
                elif 200 <= response.status < 300:
                    stream = HttpStream(response, place.url, connection.close)
                    if response.status == http.HTTPStatus.OK and "Range" in headers:
                        stream.cut(first, end)  # the server serves the whole instead
                    return stream
                else:
                    _refuse(response)
            except SourceError:
                connection.close()
                raise
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                raise SourceError(NOT_HTTP) from error
            except BaseException:
                connection.close()
                raise
            connection.close()
        raise SourceError("it redirects in a circle; use the address that it means")

    def _request(
        self, connection: "_DialedConnection", place: WebPlace, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """Send a request, with the password where it is wanted, on one connection."""
        is_ours = self._home.covers(place)
        has_fresh_nonce = False
        for _ in range(MAX_TRIES):
            secret = self._login.authorization("GET", place.path) if is_ours else None
            signed = headers | ({"Authorization": secret} if secret else {})
            if cookies := self._cookies.get(place.host):
                signed["Cookie"] = "; ".join(f"{name}={text}" for name, text in cookies.items())
            response = connection.answer(place.path, signed)
            self._note_cookies(place, response)
            if response.status != http.HTTPStatus.UNAUTHORIZED or not is_ours:
                return response
            chosen = self._login.choose(response.headers.get_all("WWW-Authenticate", []))
            if has_fresh_nonce and not chosen.is_stale:
                return response
            has_fresh_nonce = True
            if len(response.read(MAX_REFUSAL_BYTES)) == MAX_REFUSAL_BYTES:
                connection.close()
        raise SourceError(REFUSED)

    def _note_cookies(self, place: WebPlace, response: http.client.HTTPResponse) -> None:
        kept = self._cookies.setdefault(place.host, {})
        for header in response.headers.get_all("Set-Cookie", []):
            try:
                morsels = SimpleCookie(header)
            except CookieError:
                continue
            kept.update((name, morsel.coded_value) for name, morsel in morsels.items())
        while len(kept) > MAX_COOKIES:
            del kept[next(iter(kept))]


class _Answer(http.client.HTTPResponse):
    """An answer that may begin with `ICY 200 OK`, as SHOUTcast and some cameras say."""

    def _read_status(self) -> tuple[str, int, str]:
        if not self.fp.peek(len(ICY)).startswith(ICY):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            return version, status, reason
        line = self.fp.readline(MAX_STATUS_BYTES).decode("latin-1")
        _, number, reason = [*line.split(None, 2), "", ""][:3]
        if not (number.isascii() and number.isdigit() and len(number) == 3):
            raise http.client.BadStatusLine(line)
        return "HTTP/1.0", int(number), reason.strip()


class _DialedConnection(http.client.HTTPConnection):
    """Connects through the dialer; secure if its place is."""

    response_class = _Answer

    def __init__(self, dialer: Dialer, place: WebPlace) -> None:
        self.default_port = DEFAULT_PORTS[place.scheme]
        super().__init__(place.host, place.port, timeout=READ_TIMEOUT_S)
        self._dialer = dialer
        self._tls = ssl.create_default_context() if place.scheme == "https" else None

    @override
    def connect(self) -> None:
        self.sock = self._dialer.connect(
            self.host, self.port, tls=self._tls, timeout=READ_TIMEOUT_S
        )

    def answer(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Send a request; once more on a new connection if the kept one was closed meanwhile."""
        is_kept = self.sock is not None
        try:
            self.request("GET", path, headers=headers)
            return self.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            self.close()
            if not is_kept:
                raise
        self.request("GET", path, headers=headers)
        return self.getresponse()


def _refuse(response: http.client.HTTPResponse) -> NoReturn:
    raise SourceError(explain_http(response.status))


def _follow(place: WebPlace, url: str) -> WebPlace:
    """Return where a redirect leads, if on the same host; others may be in refused networks.

    Raises:
        SourceError: it leads to another host, or off the web.
    """
    try:
        target = parse_place(url)
    except SourceError:
        raise SourceError(MOVED) from None
    if target.host != place.host:
        raise SourceError(MOVED)
    return target
