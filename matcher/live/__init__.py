"""Live sessions: sources matched in real time by models that they share.

`SessionManager` is the entry. Two threads do the work for all sessions. The fast path tracks the
newest frame of the session that waits longest; the slow path verifies for the session that it did
that for longest ago. `verification_queue` lies between them.
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
