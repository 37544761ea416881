"""Tells answers without an end, such as event streams, that the service is about to stop."""


class ShutdownSignal:
    """A flag that is set once, from any thread or a signal handler.

    It takes no lock, as `threading.Event` does: a second signal may come while it is being set.

    Attributes:
        is_set: whether the service is about to stop.
    """

    def __init__(self) -> None:
        self.is_set = False

    def set(self) -> None:
        """Have every stream end at its next step."""
        self.is_set = True
