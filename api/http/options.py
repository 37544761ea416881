"""What can be set about the server itself."""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "web"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the service is run.

    Attributes:
        state: folder of keys, cameras, events, evidence and jobs; not of catalogs.
        web: folder of the page.
        secure: whether clients come over TLS, so that cookies are for TLS alone.
    """

    state: Path
    web: Path = PAGE
    secure: bool = False
