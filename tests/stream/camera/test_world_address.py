"""Addresses as people write them: odd passwords, and names of the machine itself."""

import socket
from dataclasses import replace
from ipaddress import ip_address

import pytest

from stream.camera.address import SERVICE_RULES, AddressRules, is_this_machine, parse_address
from stream.camera.dialer import Dialer
from stream.errors import SourceError

RULES = AddressRules()


@pytest.mark.parametrize(
    ("text", "host", "password", "path"),
    [
        ("rtsp://admin:pa#ss@192.168.1.20:554/s?x=1", "192.168.1.20", "pa#ss", "/s?x=1"),
        ("rtsp://admin:pa/ss@192.168.1.20/s", "192.168.1.20", "pa/ss", "/s"),
        ("rtsp://admin:pa?ss@camera.shop/s", "camera.shop", "pa?ss", "/s"),
        ("rtsp://admin:12#34@192.168.1.20/s", "192.168.1.20", "12#34", "/s"),
        ("rtsp://admin:p@ss#/?w@192.168.1.20/s", "192.168.1.20", "p@ss#/?w", "/s"),
        ("rtsp://admin:p@ss@192.168.1.20/s", "192.168.1.20", "p@ss", "/s"),
        ("rtsp://admin:#@[fe80::1]:554/s", "fe80::1", "#", "/s"),
        ("rtsp://admin:/@camera/s", "camera", "/", "/s"),
        ("rtsp://admin:a[b]c@192.168.1.20/s", "192.168.1.20", "a[b]c", "/s"),
        ("rtsp://admin:a%2Fb%@192.168.1.20/s", "192.168.1.20", "a/b%", "/s"),
        ("rtsp://admin:a:b@192.168.1.20/s", "192.168.1.20", "a:b", "/s"),
        ("rtsp://192.168.1.20/s@1?u=a@b.com", "192.168.1.20", "", "/s@1?u=a@b.com"),
        ("rtsp://u:p@192.168.1.20/s?u=a@b.com", "192.168.1.20", "p", "/s?u=a@b.com"),
        ("http://camera.shop/s?u=a@b.com", "camera.shop", "", "/s?u=a@b.com"),
        ("rtsp://192.168.1.20:554/user=a_password=b@c", "192.168.1.20", "", "/user=a_password=b@c"),
    ],
)
def test_a_password_is_taken_as_it_is_written_where_that_is_clear(
    text: str, host: str, password: str, path: str
) -> None:
    address = parse_address(text, RULES)
    assert (address.host, address.password, address.path) == (host, password, path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:12/34@192.168.1.20/s", "write / as %2F: rtsp://user:…%2F…@host/path"),
        ("rtsp://admin:12?34@camera.shop/s", "write ? as %3F: rtsp://user:…%3F…@host/path"),
        ("rtsp://admin:p@ss/w@192.168.1.20/s", "write @ as %40, / as %2F"),
        ("rtsp://john.doe:12/34@10.0.0.1/s", "write / as %2F"),
    ],
)
def test_a_password_that_can_be_read_in_two_ways_is_refused_with_its_encoded_form(
    text: str, shown: str
) -> None:
    with pytest.raises(SourceError) as refused:
        parse_address(text, RULES)
    assert shown in str(refused.value)
    assert not any(part in str(refused.value) for part in ("admin", "12", "34", "p@ss", "john"))


def test_a_password_cannot_add_lines_to_a_request() -> None:
    with pytest.raises(SourceError, match="nobody can type"):
        parse_address("rtsp://admin:a%0D%0ATEARDOWN@192.168.1.20/s", RULES)


def own_addresses() -> list[str]:
    """The addresses of this machine's network cards, as the way to other machines shows them."""
    found = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found


def test_this_machine_is_refused_by_each_of_its_addresses_like_loopback() -> None:
    for text in ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", *own_addresses()):
        with pytest.raises(SourceError, match="may not be"):
            SERVICE_RULES.check(ip_address(text))
        with pytest.raises(SourceError, match="may not be"):
            Dialer(SERVICE_RULES).connect(text, 9)


def test_this_machine_is_refused_in_an_allowed_network_unless_it_is_named_itself() -> None:
    for text in own_addresses():
        own = ip_address(text)
        bits = own.max_prefixlen
        everything = "0.0.0.0/0" if own.version == 4 else "::/0"
        with pytest.raises(SourceError, match="is this machine itself"):
            replace(SERVICE_RULES, allowed_networks=(everything,)).check(own)
        replace(SERVICE_RULES, allowed_networks=(f"{own}/{bits}",)).check(own)
        RULES.check(own)
    replace(SERVICE_RULES, allowed_networks=("127.0.0.0/8",)).check(ip_address("127.0.0.1"))


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1", "10.255.255.1"])
def test_other_machines_are_not_this_one(text: str) -> None:
    assert not is_this_machine(ip_address(text))
    SERVICE_RULES.check(ip_address(text))
