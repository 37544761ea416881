"""Addresses of cameras: parsing, which ones are allowed, and a form without the password."""

import re
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from stream.errors import SourceError

DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
# Every scheme has its row in `stream.camera.open.OPENERS`.
SCHEMES: Final = (*DEFAULT_PORTS, "device")
MAX_LENGTH: Final = 2048  # characters; signed URLs of cloud cameras have some hundreds
_DEVICE: Final = re.compile(r"(?:device:|/dev/video)(\d{1,3})")
_LINK_LOCAL: Final = ("169.254.0.0/16", "fe80::/10")
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_AUTHORITY_END: Final = re.compile(r"[/?#]")
_PLACE: Final = re.compile(r"(?:[^\s:@\[\]%]+|\[[0-9a-fA-F:.%a-z]+\])(?::\d{1,5})?")
# What cuts an address short when it stands in a password as it is.
_ENCODED: Final = {"/": "%2F", "?": "%3F", "#": "%23", "@": "%40"}

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses are allowed; the defaults suit a person who sits at the machine.

    A service that takes addresses from others uses `SERVICE_RULES`. Multicast and unspecified
    addresses are always refused. A host name is resolved once per attempt, and the address that was
    checked is the one connected to, so that a name cannot change its meaning in between.

    Attributes:
        schemes: those of `SCHEMES` that are allowed; "device" stands for local cameras.
        refused_networks: networks in CIDR notation that no camera may be in.
        allowed_networks: if any are given, a camera must be in one of them, and `refused_networks`
            does not apply.
        refuses_this_machine: whether this machine's addresses in its networks are refused like
            loopback. One that `allowed_networks` names by itself is allowed.
    """

    schemes: tuple[str, ...] = SCHEMES
    refused_networks: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    refuses_this_machine: bool = False

    def check_scheme(self, scheme: str) -> None:
        """Check a scheme.

        Raises:
            SourceError: the scheme is not allowed.
        """
        if scheme not in self.schemes:
            allowed = ", ".join(self.schemes)
            raise SourceError(f"addresses of kind {scheme or 'none'!r} are not allowed: {allowed}")

    def check(self, address: IpAddress) -> None:
        """Check the address of a host.

        Raises:
            SourceError: the rules forbid connecting to it.
        """
        plain = getattr(address, "ipv4_mapped", None) or address
        if plain.is_multicast or plain.is_unspecified or str(plain) == "255.255.255.255":
            raise SourceError(f"{plain} is no address of one camera")
        if self.allowed_networks:
            if not _is_in(plain, self.allowed_networks):
                raise SourceError(f"{plain} is not in the networks that cameras may be in")
        elif _is_in(plain, self.refused_networks):
            raise SourceError(f"{plain} is in a network that cameras may not be in")
        if self.refuses_this_machine and not self._names(plain) and is_this_machine(plain):
            raise SourceError(
                f"{plain} is this machine itself, where cameras may not be; if one is, name it as "
                "a network of its own in the settings"
            )

    def _names(self, address: IpAddress) -> bool:
        """Whether an allowed network is this address alone, or loopback."""
        networks = [ip_network(text) for text in self.allowed_networks]
        named = [
            network for network in networks if network.num_addresses == 1 or network.is_loopback
        ]
        return any(address in network for network in named if network.version == address.version)


SERVICE_RULES: Final = AddressRules(
    schemes=("rtsp", "rtsps", "http", "https"),
    refused_networks=_LOOPBACK + _LINK_LOCAL,
    refuses_this_machine=True,
)


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera's address in parts; its `repr` has no password.

    Attributes:
        scheme: one of `SCHEMES`.
        host: name or IP address; for a local camera its device file.
        port: TCP port; 0 for a local camera.
        path: path and query, beginning with a slash.
        user: empty if there is none.
        password: empty if there is none.
    """

    scheme: str
    host: str
    port: int
    path: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The address for people and logs: no user, no password, no query (it may hold keys)."""
        if self.scheme == "device":
            return self.host
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}{self.path.partition('?')[0]}"

    def url(self, host: str | None = None, *, with_password: bool = False) -> str:
        """Return the address as a URL, with another host if one is given."""
        login = ""
        if with_password and self.user:
            login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"{self.scheme}://{login}{_bracketed(host or self.host)}:{self.port}{self.path}"


def parse_address(text: str, rules: AddressRules) -> CameraAddress:
    """Parse an address and check its scheme; nothing is sent over the network.

    Raises:
        SourceError: the text is no address, or its scheme is not allowed; the message repeats
            nothing that could be a password.
    """
    if device := _DEVICE.fullmatch(text):
        rules.check_scheme("device")
        return CameraAddress("device", f"/dev/video{device[1]}", 0, "")
    if len(text) > MAX_LENGTH or not text.isprintable() or " " in text:
        raise SourceError(
            "the address is too long or has characters that no address has; write a space as %20"
        )
    scheme = text.partition(":")[0].lower() if ":" in text else ""
    rules.check_scheme(scheme if re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) else "")
    login, rest = _split_login(scheme, text)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    except (ValueError, KeyError):
        raise SourceError("the address has a host or port that cannot be read") from None
    if not parts.hostname or port < 1:
        raise SourceError(f"the address names no host: write {scheme}://host/path")
    user, _, password = login.partition(":")
    user, password = unquote(user), unquote(password)
    if not (user + password).isprintable():
        raise SourceError("the user name or password has characters that nobody can type")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return CameraAddress(scheme, parts.hostname, port, path, user, password)


def is_this_machine(address: IpAddress) -> bool:
    """Whether an address is one of this machine's; nothing is sent.

    For a destination of its own the kernel takes that very address as the source.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ip_address(probe.getsockname()[0].partition("%")[0]) == address
    except OSError:
        return False


def _split_login(scheme: str, text: str) -> tuple[str, str]:
    """Return user and password as written, and host and path; a password may hold `/`, `?`, `#`.

    Raises:
        SourceError: it can be read in two ways.
    """
    after = text.partition("://")[2]
    standard = _AUTHORITY_END.split(after, maxsplit=1)[0]
    end, last = standard.rfind("@"), after.rfind("@")
    as_standard = after[: max(end, 0)], after[end + 1 :]
    if last == end:
        return as_standard
    host = standard[end + 1 :]
    place = _AUTHORITY_END.split(after[last + 1 :], maxsplit=1)[0]
    is_cut = not _PLACE.fullmatch(host) or after[len(standard)] == "#"
    if not _PLACE.fullmatch(place) or (not is_cut and _is_address(host)):
        return as_standard
    if is_cut:
        return after[:last], after[last + 1 :]
    is_plain_name = end < 0 and "." in host and ":" not in host
    if is_plain_name or not _looks_like_host(place):
        return as_standard
    found = list(dict.fromkeys(mark for mark in after[:last] if mark in _ENCODED))
    marks = ", ".join(f"{mark} as {_ENCODED[mark]}" for mark in found)
    shown = "…".join(["", *(_ENCODED[mark] for mark in found), ""])
    raise SourceError(
        "the address can be read in two ways; if the password holds these characters, "
        f"write {marks}: {scheme}://user:{shown}@host/path"
    )


def _is_address(place: str) -> bool:
    """Whether a host, perhaps with its port, is an IP address."""
    try:
        ip_address(place[1 : place.rfind("]")] if place[:1] == "[" else place.partition(":")[0])
    except ValueError:
        return False
    return True


def _looks_like_host(place: str) -> bool:
    return _is_address(place) or "." in place or place.partition(":")[0] == "localhost"


def _is_in(address: IpAddress, networks: tuple[str, ...]) -> bool:
    return any(
        address in network
        for network in map(ip_network, networks)
        if network.version == address.version
    )


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host
