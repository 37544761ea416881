"""What can be set about the server itself."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from api.errors import Refused
from api.http.keys import KeyStore

PAGE: Final = Path(__file__).parents[1] / "web"
LARGEST_UPLOAD: Final = 8_000_000_000


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the service is run.

    Attributes:
        state: folder of keys, cameras, events, evidence and jobs; not of catalogs.
        web: folder of the page.
        secure: whether clients come over TLS, so that cookies are for TLS alone.
        exposed: whether others can reach the address, so that nobody comes in without a key.
        largest_upload: bytes of a video or of an import.
    """

    state: Path
    web: Path = PAGE
    secure: bool = False
    exposed: bool = False
    largest_upload: int = LARGEST_UPLOAD

    @property
    def keys(self) -> Path:
        """The file of API keys."""
        return self.state / "keys.json"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_exposure(host: str, options: ServerOptions) -> None:
    """Refuse to let others in without keys.

    Raises:
        Refused: others could reach the address, and there is no key.
    """
    if not is_loopback(host) and not KeyStore(options.keys).list():
        raise Refused(
            f"{host} can be reached from other machines and there are no API keys; make one with "
            f"`skulens key create --scope admin --state {options.state}`, or listen on 127.0.0.1"
        )
