"""What every source of frames can do."""

from collections.abc import Iterator
from typing import Protocol

from stream.frame import Frame


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
