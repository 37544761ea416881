"""Sentences for a camera's status codes, by HTTP and by RTSP: its meaning, and what to do."""

from collections.abc import Mapping
from typing import Final

from stream.camera.challenge import REFUSED

MOVED: Final = "it redirects to another host; use the address it redirects to"
MISSING: Final = "it has no stream at this path; check the path in the camera's manual"
FULL: Final = "it serves as many viewers as it can; close one of them or choose a smaller stream"
BROKEN: Final = "it has a fault of its own; start it anew"
BUSY: Final = "it is not ready to serve; wait until it has started"
UNKNOWN_REQUEST: Final = "it does not understand the request; check scheme, port and path"
UNKNOWN_METHOD: Final = "it serves nothing to watch at this path; check the path"
NOT_HERE: Final = "it sends no pictures in a form that is known here; set H.264 or Motion JPEG"
PROXY: Final = "it is behind a proxy that refuses; use the camera's own address"
STATE: Final = "it lost the thread of the session; if this goes on, start it anew"
FORBIDDEN: Final = "it does not let this user watch; check the user's rights and allowed addresses"
GONE: Final = "it has no such stream any more; look up its address anew"
TOO_LONG: Final = "it finds the address too long; use a shorter one"
VERSION: Final = "it speaks another version of the protocol; bring its software up to date"
SECURE: Final = "it wants an encrypted connection; use https or rtsps"
TRANSPORT: Final = (
    "it sends neither over TCP nor over UDP as it was told to; set the other transport"
)
UNREACHED: Final = "its pictures do not get through to this machine; choose TCP as transport"
WAIT: Final = "it wants fewer connections; wait, and close other viewers"
LIMITED: Final = "it may not be watched from here for legal reasons; ask its owner"

HTTP: Final[Mapping[int, str]] = {
    **dict.fromkeys((300, 301, 302, 303, 307, 308), MOVED),
    304: "it says that nothing has changed, although nobody looked for changes; start it anew",
    305: PROXY,
    400: UNKNOWN_REQUEST,
    401: REFUSED,
    402: "it wants to be paid first; ask its owner",
    403: FORBIDDEN,
    404: MISSING,
    405: UNKNOWN_METHOD,
    406: NOT_HERE,
    407: PROXY,
    408: WAIT,
    409: BUSY,
    410: GONE,
    411: UNKNOWN_REQUEST,
    412: UNKNOWN_REQUEST,
    413: UNKNOWN_REQUEST,
    414: TOO_LONG,
    415: NOT_HERE,
    416: UNKNOWN_REQUEST,
    417: UNKNOWN_REQUEST,
    418: UNKNOWN_METHOD,
    421: "it serves another host name; use the name that it was given",
    422: UNKNOWN_REQUEST,
    423: BUSY,
    424: BUSY,
    425: BUSY,
    426: SECURE,
    428: UNKNOWN_REQUEST,
    429: WAIT,
    431: TOO_LONG,
    451: LIMITED,
    500: BROKEN,
    501: UNKNOWN_METHOD,
    502: "it is behind a proxy that does not reach it; check that it is switched on",
    503: "it is not ready to serve, or serves as many viewers as it can; wait or close one of them",
    504: "it is behind a proxy that does not reach it; check that it is switched on",
    505: VERSION,
    506: BROKEN,
    507: "its storage is full; make room on it",
    508: BROKEN,
    510: UNKNOWN_REQUEST,
    511: "its network wants a login first; log in there with a browser",
}
# RTSP took over the codes of HTTP and added its own (RFC 7826, section 17).
RTSP: Final[Mapping[int, str]] = {
    **HTTP,
    451: UNKNOWN_REQUEST,
    452: "it knows no such conference; check the path",
    453: "it has not enough bandwidth for another viewer; close one or choose a smaller stream",
    454: STATE,
    455: "it does not take this request now; wait, and if this goes on start it anew",
    456: UNKNOWN_REQUEST,
    457: "it cannot play from now on; choose its live stream, not a recording",
    458: UNKNOWN_REQUEST,
    459: "it plays its tracks only one by one; switch its sound off",
    460: "it plays its tracks only together; choose another stream",
    461: TRANSPORT,
    462: UNREACHED,
    463: UNREACHED,
    464: BUSY,
    465: UNKNOWN_REQUEST,
    466: "it wants encrypted pictures (SRTP); switch this off",
    470: PROXY,
    471: PROXY,
    472: SECURE,
    551: "it does not know an option of the request; bring its software up to date",
    553: PROXY,
}
# For codes that no standard names, by their first digit.
CLASSES: Final[Mapping[int, str]] = {
    1: "it answers that it goes on, and then does not; start it anew",
    2: "it answers without a stream; check the path",
    3: MOVED,
    4: UNKNOWN_REQUEST,
    5: BROKEN,
}
NO_CODE: Final = "its answer has a status that means nothing; check scheme, port and path"


def explain_http(status: int) -> str:
    """Return what a status of HTTP that is no success means, and what to do."""
    return f"{HTTP.get(status) or CLASSES.get(status // 100, NO_CODE)} (HTTP {status})"


def explain_rtsp(status: int, method: str) -> str:
    """Return what a status of RTSP that is no success means to a request of a method."""
    reason = RTSP.get(status) or CLASSES.get(status // 100, NO_CODE)
    return f"{reason} (RTSP {status} at {method})"
