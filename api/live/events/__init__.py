"""What live sessions said: numbered, durable, bounded, and read from any point."""

from api.live.events.evidence import Evidence, EvidenceSettings
from api.live.events.log import Entry, EventLog, Page, tail
from api.live.events.log_writer import Journalist

__all__ = ["Entry", "EventLog", "Evidence", "EvidenceSettings", "Journalist", "Page", "tail"]
