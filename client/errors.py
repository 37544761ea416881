"""What can go wrong between a client and a service.

ClientError
├── Unreachable   nobody answered, or not in time, or not who was meant
└── Declined      the service said no, in its own words
"""


class ClientError(Exception):
    """A call did not succeed; the message is one sentence for people."""


class Unreachable(ClientError):
    """The service did not answer."""


class Declined(ClientError):
    """The service answered with a problem.

    Attributes:
        status: of HTTP.
        kind: the last part of the problem's `type`, such as `not-found`; empty if it had none.
        subject: name of the picture that it is about; empty if it is about none.
    """

    def __init__(self, sentence: str, status: int, kind: str = "", subject: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind
        self.subject = subject
