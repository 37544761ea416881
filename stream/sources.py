"""What every live source can do: it pushes frames at its own pace and says how it is."""

from collections.abc import Callable, Iterator
from typing import Protocol

from stream.frame import Frame
from stream.mailbox import Inbox
from stream.status import SourceStatus

StatusListener = Callable[[SourceStatus], None]

STOP_BOUND_S = 2.0


class LiveSource(Protocol):
    """A camera, a WebRTC peer or a recording played at its pace."""

    @property
    def source_id(self) -> str:
        """Name of the source, without credentials."""
        ...

    @property
    def status(self) -> SourceStatus:
        """How the source is, at any time, from any thread."""
        ...

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to put frames into the mailbox; returns at once.

        A source starts once. `on_status` is called in the source's own thread for every change of
        state or reason, one at a time; it must not block, nor stop the source.
        """
        ...

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End the source from any state; after it no frame is put and no status told.

        Blocks for `timeout` seconds at most; safe to call twice, and before `start`.
        """
        ...


class FrameSource(Protocol):
    """Yields frames in presentation order until it ends."""

    @property
    def source_id(self) -> str:
        """Name of the source, without credentials."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yield every frame that is taken, in presentation order.

        Raises:
            stream.errors.SourceError: the source broke; an end of the file is no error.
        """
        ...

    def close(self) -> None:
        """Release the source; safe to call twice."""
        ...
