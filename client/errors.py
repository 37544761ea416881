"""Errors of calls to a service.

ClientError
├── Unreachable   no answer, not in time, or not from skulens
└── Declined      the service refused, with a sentence of its own
"""


class ClientError(Exception):
    """A call did not succeed; the message is one sentence for people."""


class Unreachable(ClientError):
    """The service did not answer."""


class Declined(ClientError):
    """The service answered with a problem.

    Attributes:
        status: HTTP status code.
        kind: the last part of the problem's `type`, such as `not-found`; empty without one.
        subject: name of the picture concerned; empty if the problem concerns none.
    """

    def __init__(self, sentence: str, status: int, kind: str = "", subject: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind
        self.subject = subject
