"""Answers that no S3 server gives: web pages, redirections, what a proxy says in its place.

boto3 follows no redirection of another server (it asks the same address again until its stack
ends), and takes any answer with a number of success for one of S3. Both are looked at first.
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError
from botocore.model import OperationModel

# The event before boto3 reads an answer. What is registered for all services comes before what
# boto3 has for S3 alone, which makes a failure to be repeated of a web page.
BEFORE_PARSE: Final = "before-parse.*.*"
# What S3 never answers with, unless an object was stored as such.
_STRANGE_TYPES: Final = ("text/html", "application/xhtml", "application/json", "text/plain")
_ENDPOINT: Final = "SKULENS_S3_ENDPOINT"
_ADVICE: Final[Mapping[int, str]] = {
    401: f"it wants a log-in that S3 does not know; give the address of its S3 API in {_ENDPOINT}",
    403: "a proxy or firewall in front of it refuses; ask whoever runs that",
    404: f"it is a web server that has no such path; look at {_ENDPOINT}",
    405: f"it is a web server or a proxy that refuses the request's method; look at {_ENDPOINT}",
    407: "a proxy wants a log-in; look at HTTPS_PROXY and NO_PROXY",
    408: "a proxy in front of it waits no longer; raise its time limit",
    411: "a proxy in front of it wants another form of upload; ask whoever runs that",
    413: "a proxy in front of it refuses bodies of that size; raise its limit "
    "(nginx: client_max_body_size)",
    414: "a proxy in front of it refuses addresses of that length; raise its limit",
    421: f"it serves another host; look at {_ENDPOINT}",
    429: "a proxy in front of it asks to wait; try again later",
    431: "a proxy in front of it refuses headers of that size; raise its limit",
}


class StrangeAnswer(BotoCoreError):
    """Something else than an S3 server answered.

    Attributes:
        status: HTTP's number.
        advice: half a sentence on what answered, and what to do.
    """

    fmt = "{advice}"

    def __init__(self, status: int, advice: str) -> None:
        super().__init__(advice=" ".join(advice.split()))
        self.status = status
        self.advice = " ".join(advice.split())


def answer_check(bucket: str) -> Callable[..., None]:
    """Return a handler of boto3's event `BEFORE_PARSE` that raises `StrangeAnswer`.

    Args:
        bucket: whose name tells a redirected request from a page to log in.
    """

    def check(
        operation_model: OperationModel, response_dict: Mapping[str, object], **_: object
    ) -> None:
        status = response_dict["status_code"]
        headers = response_dict["headers"]
        assert isinstance(status, int)
        assert isinstance(headers, Mapping)
        seen = {str(name).lower(): str(value) for name, value in headers.items()}
        if status >= 500 or any(name.startswith("x-amz-") for name in seen):
            return  # boto3 asks again after those; the others are S3's own
        body = response_dict.get("body")
        start = body[:2000] if isinstance(body, bytes) else b""
        if b"<Error" in start:
            return
        advice = _advice(operation_model.name, status, seen, start, bucket)
        if advice:
            raise StrangeAnswer(status, advice)

    return check


def _advice(
    operation: str, status: int, headers: Mapping[str, str], start: bytes, bucket: str
) -> str:
    """Return half a sentence on an answer that is not S3's; empty where it may be."""
    if 300 <= status < 400 and "location" in headers:
        return _on_redirection(status, headers["location"], bucket)
    kind = headers.get("content-type", "").lower()
    strange = kind.startswith(_STRANGE_TYPES) and "etag" not in headers
    if status == 404 and operation == "HeadObject":
        return ""  # without a body, and some servers give no headers of S3 with it
    if status >= 400:
        what = _ADVICE.get(status, f"look at {_ENDPOINT}")
        return f"what answers there is no S3 server ({status}); {what}" if strange else ""
    if (strange and status != 204) or _lacks_what_s3_says(operation, headers, start):
        what = "a web page" if "html" in kind else kind.partition(";")[0] or "without a type"
        return (
            f"what answers there is no S3 server ({status}, {what}); "
            f"give the address of its S3 API in {_ENDPOINT}"
        )
    return ""


def _lacks_what_s3_says(operation: str, headers: Mapping[str, str], start: bytes) -> bool:
    if operation.startswith("List"):
        return b"Result" not in start
    if operation == "HeadObject" and "last-modified" not in headers:
        return True
    return operation in ("GetObject", "HeadObject", "PutObject") and "etag" not in headers


def _on_redirection(status: int, location: str, bucket: str) -> str:
    parts = urlsplit(location)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    if not host:
        return (
            f"what answers there is no S3 server ({status}, it sends to another page); "
            f"give the address of its S3 API in {_ENDPOINT}"
        )
    # Without what a query may hold: signatures.
    place = f"{parts.scheme or 'https'}://{host.removeprefix(f'{bucket}.')}{port}"
    before, named, _ = parts.path.partition(f"/{bucket}")
    if named or host.startswith(f"{bucket}."):
        return (
            f"the server sends elsewhere ({status}), which is not followed, as keys would go "
            f"there; if you trust it, set {_ENDPOINT} to {place}{before}"
        )
    return (
        f"what answers there is no S3 server ({status}, it sends to {place}); "
        f"give the address of its S3 API in {_ENDPOINT}"
    )
