"""The interface of live sources: they push frames at their own pace and report their status."""

from collections.abc import Callable
from typing import Final, Protocol

from stream.mailbox import Inbox
from stream.status import SourceStatus

StatusListener = Callable[[SourceStatus], None]

STOP_BOUND_S: Final = 2.0  # a person who ends a session waits this long


class LiveSource(Protocol):
    """A camera, a WebRTC publisher, or a recording played at its own pace."""

    @property
    def source_id(self) -> str:
        """Name of the source, without credentials."""

    @property
    def status(self) -> SourceStatus:
        """The newest status; may be read at any time, from any thread."""

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to put frames into the mailbox; returns at once.

        A source starts once. `on_status` is called in the source's own thread for every change of
        state or reason, one at a time; it must neither block nor stop the source.
        """

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End the source from any state; then no frame is put and no status reported any more.

        Blocks for `timeout` seconds at most; safe to call twice, and before `start`.
        """
