"""What can be refused about live sessions."""

from matcher.errors import MatcherError


class LiveError(MatcherError):
    """Base of what this package raises; the message is one sentence for people."""


class NoSuchSession(LiveError):
    """There is no session of that id, or no longer."""


class TooManySessions(LiveError):
    """No further session is allowed now.

    Attributes:
        retry_after_s: seconds after which asking again makes sense.
    """

    def __init__(self, most: int, retry_after_s: float) -> None:
        super().__init__(
            f"{most} live sessions are running and no more are allowed; "
            "end one of them or raise the limit"
        )
        self.retry_after_s = retry_after_s
