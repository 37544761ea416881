"""Live sessions: sources matched in real time by one owner of the models that they share.

`SessionManager` is the door. Two threads do the work for all sessions: the first lane takes the
newest frame of whoever waits longest, the second looks closely for whoever had least of it.
"""

from matcher.live.errors import LiveError, NoSuchSession, TooManySessions
from matcher.live.manager import SessionManager
from matcher.live.messages import FrameResult, Message, SessionChanged, SessionStatus
from matcher.live.region import Region
from matcher.live.settings import LiveSettings, SessionSettings
from matcher.live.subscription import LiveSubscription, MessageBatch

__all__ = [
    "FrameResult",
    "LiveError",
    "LiveSettings",
    "LiveSubscription",
    "Message",
    "MessageBatch",
    "NoSuchSession",
    "Region",
    "SessionChanged",
    "SessionManager",
    "SessionSettings",
    "SessionStatus",
    "TooManySessions",
]
