"""Which addresses a service without keys may listen on."""

from api.errors import Refused
from api.http.auth.addresses import is_loopback
from api.http.auth.keys import KeyStore
from api.http.options import ServerOptions


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
