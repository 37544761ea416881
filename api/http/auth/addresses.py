"""Addresses of clients: which are this machine, and which are one client's."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from typing import Final

CLIENT_BITS: Final = 64  # of an IPv6 address; a provider gives each client all that follow


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def client_of(host: str) -> str:
    """Return what the requests of one client are counted by: an address, of IPv6 its /64."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, CLIENT_BITS), strict=False))


def is_within(host: str, networks: Sequence[str]) -> bool:
    """Whether an address is in one of some networks in CIDR notation."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in ip_network(network) for network in networks)
