"""Errors of live sessions."""

from matcher.errors import MatcherError


class LiveError(MatcherError):
    """Base of the errors of this package; the message is one sentence for people."""


class NoSuchSession(LiveError):
    """There is no session of that id, or there is none any more."""


class TooManySessions(LiveError):
    """No further session is allowed now.

    Attributes:
        retry_after_s: seconds after which another try makes sense.
    """

    def __init__(self, most: int, retry_after_s: float) -> None:
        super().__init__(
            f"{most} live sessions are running and no more are allowed; "
            "end one of them or raise the limit"
        )
        self.retry_after_s = retry_after_s
