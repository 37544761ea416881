"""Which addresses are allowed, and how they are shown."""

from ipaddress import ip_address

import pytest

from stream.camera.address import SERVICE_RULES, AddressRules, parse_address
from stream.errors import SourceError

RULES = AddressRules()


def test_an_address_comes_apart_and_is_shown_without_what_is_secret() -> None:
    address = parse_address("rtsp://me:p%40ss%2F@cam.shop.example:8554/live/1?key=k3y", RULES)
    assert (address.scheme, address.host, address.port) == ("rtsp", "cam.shop.example", 8554)
    assert (address.user, address.password) == ("me", "p@ss/")
    assert address.shown == "rtsp://cam.shop.example:8554/live/1"
    assert "p@ss" not in repr(address)
    assert address.url() == "rtsp://cam.shop.example:8554/live/1?key=k3y"
    assert (
        address.url("10.0.0.7", with_password=True)
        == "rtsp://me:p%40ss%2F@10.0.0.7:8554/live/1?key=k3y"
    )


@pytest.mark.parametrize(
    ("text", "port"),
    [("rtsp://h", 554), ("rtsps://h/", 322), ("http://h", 80), ("https://h/a.m3u8", 443)],
)
def test_each_scheme_has_its_port(text: str, port: int) -> None:
    assert parse_address(text, RULES).port == port


def test_numbers_of_version_six_keep_their_brackets() -> None:
    address = parse_address("rtsp://[fd00::2]:554/cam", RULES)
    assert address.host == "fd00::2"
    assert address.shown == "rtsp://[fd00::2]:554/cam"
    assert address.url("::1") == "rtsp://[::1]:554/cam"


@pytest.mark.parametrize("text", ["device:0", "/dev/video0"])
def test_local_cameras_have_addresses_too(text: str) -> None:
    assert parse_address(text, RULES).host == "/dev/video0"
    with pytest.raises(SourceError, match="not allowed"):
        parse_address(text, SERVICE_RULES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shelf.mp4",
        "file:///etc/passwd",
        "gopher://host/",
        "concat:a|b",
        "data:text/plain,x",
        "RTSP",
        "rtsp:",
        "rtsp://",
        "rtsp://:554/",
        "rtsp://host:0/",
        "rtsp://host:99999/",
        "rtsp://host:port/",
        "rtsp://[::1/",
        "rtsp://host/\r\nX: y",
        "rtsp://host/a b",
        "rtsp://host/" + "a" * 5000,
        "device:0/../../etc",
        "/dev/sda",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    secret = text.replace("//", "//user:s3cret@")
    with pytest.raises(SourceError) as refusal:
        parse_address(secret, RULES)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "number", ["224.0.0.1", "0.0.0.0", "::", "ff02::1", "255.255.255.255", "::ffff:224.0.0.1"]
)
def test_what_cannot_be_one_camera_is_refused_always(number: str) -> None:
    with pytest.raises(SourceError):
        RULES.check(ip_address(number))


@pytest.mark.parametrize(
    "number", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1"]
)
def test_a_service_does_not_look_at_its_own_machine(number: str) -> None:
    RULES.check(ip_address(number))
    with pytest.raises(SourceError, match="may not be in"):
        SERVICE_RULES.check(ip_address(number))


def test_a_service_takes_cameras_of_private_and_public_networks() -> None:
    for number in ("10.1.2.3", "192.168.1.20", "8.8.8.8", "fd12:3456::2"):
        SERVICE_RULES.check(ip_address(number))


def test_allowed_networks_leave_out_all_others_and_win() -> None:
    rules = AddressRules(refused_networks=("127.0.0.0/8",), allowed_networks=("127.0.0.0/8",))
    rules.check(ip_address("127.0.0.1"))
    with pytest.raises(SourceError, match="not in the networks"):
        rules.check(ip_address("10.0.0.1"))
