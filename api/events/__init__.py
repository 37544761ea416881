"""What live sessions said: numbered, durable, bounded, and read from any point."""

from api.events.evidence import Evidence, EvidenceSettings
from api.events.journalist import Journalist
from api.events.log import Entry, EventLog, Page
from api.events.tail import tail

__all__ = ["Entry", "EventLog", "Evidence", "EvidenceSettings", "Journalist", "Page", "tail"]
