"""Events of live sessions: numbered, durable, bounded, and read from any point."""

from api.live.events.evidence import Evidence, EvidenceSettings
from api.live.events.log import EventLog, EventPage, LoggedEvent
from api.live.events.log_writer import EventLogWriter

__all__ = ["EventLog", "EventLogWriter", "EventPage", "Evidence", "EvidenceSettings", "LoggedEvent"]
