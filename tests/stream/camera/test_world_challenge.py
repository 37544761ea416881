"""Passwords by every challenge that cameras send: the strongest, never in clear beside digest."""

import itertools

import pytest

from stream.camera.address import AddressRules, parse_address
from stream.camera.challenge import Login, parse_challenges
from stream.camera.dialer import Dialer
from stream.camera.web.client import HttpReader
from stream.errors import SourceError
from tests.stream.peers.odd_web import (
    NONCE,
    PASSWORD,
    REALM,
    USER,
    OddPage,
    OddWeb,
    is_right_digest,
)

QUOTED_REALM = REALM.replace('"', r"\"")
BASE = f'Digest realm="{QUOTED_REALM}", nonce="{NONCE}"'
BASIC = 'Basic realm="camera"'
ALGORITHMS = ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess")


def login(*, is_private: bool = False) -> Login:
    return Login(USER, PASSWORD, is_private=is_private)


@pytest.mark.parametrize(
    ("algorithm", "qop"),
    list(itertools.product(ALGORITHMS, ("", ', qop="auth"', ', qop="auth-int"', ", qop=auth"))),
)
def test_every_algorithm_and_protection_is_answered_as_the_standard_says(
    algorithm: str, qop: str
) -> None:
    for method, uri in (("GET", "/video?x=1"), ("DESCRIBE", "rtsp://127.0.0.1/cam")):
        here = login()
        here.choose([f"{BASE}, algorithm={algorithm}{qop}"])
        for _ in range(2):  # the count of the nonce rises
            given = here.authorization(method, uri)
            assert given is not None
            assert is_right_digest(given, method)


@pytest.mark.parametrize(
    "challenge",
    [
        f"{BASE}, algorithm=md5",
        f'{BASE}, algorithm="sha-256"',
        f"{BASE}, ALGORITHM=Sha-512-256, QOP=AUTH",
        f'{BASE}, qop="auth-int,auth"',
        f'{BASE}, userhash=true, algorithm=SHA-256, charset="UTF-8"',
        BASE.replace("Digest ", "DIGEST  ").replace(", nonce", " ,nonce"),
        BASE.replace('="', ' = "'),
        f"Negotiate, NTLM, {BASE}",
        f"Negotiate YII+/abc==, {BASE}",
        f'Bearer realm="x", error="invalid", {BASE}',
        f"{BASIC}, {BASE}",
        f"{BASE}, {BASIC}",
        BASE.replace(f'"{NONCE}"', NONCE),
    ],
)
def test_a_challenge_in_another_spelling_or_company_is_answered(challenge: str) -> None:
    here = login()
    here.choose([challenge])
    given = here.authorization("GET", "/")
    assert given is not None
    assert is_right_digest(given, "GET")


def test_the_strongest_of_several_is_taken_in_any_order() -> None:
    offers = [f"{BASE}, algorithm={name}" for name in ("MD5", "SHA-256", "SHA-512-256", "SHA-9")]
    for order in itertools.permutations([*offers, BASIC]):
        for headers in (list(order), [", ".join(order)]):
            assert login().choose(headers).algorithm == "sha-512-256"


@pytest.mark.parametrize("unknown", ["algorithm=SHA3-512", "qop=auth-conf", "algorithm=MD5-x"])
def test_a_password_is_not_sent_in_clear_where_digest_is_offered_even_if_it_is_unknown(
    unknown: str,
) -> None:
    for headers in ([BASIC, f"{BASE}, {unknown}"], [f"{BASE}, {unknown}, {BASIC}"]):
        here = login()
        with pytest.raises(SourceError, match=r"it takes passwords only by .*not sent in clear"):
            here.choose(headers)
        assert here.authorization("GET", "/") is None
        with pytest.raises(SourceError, match="not sent in clear"):  # nor when asked once more
            here.choose([BASIC])
        assert login(is_private=True).choose(headers).scheme == "basic"


def test_a_camera_that_knows_only_basic_gets_it() -> None:
    here = login()
    here.choose([BASIC])
    assert here.authorization("GET", "/") == "Basic b3BlcmF0b3I6czNjcmV0"


def test_a_refusal_that_offers_nothing_usable_is_a_sentence() -> None:
    with pytest.raises(SourceError, match="only by negotiate, ntlm; set it to digest"):
        login().choose(["Negotiate", "NTLM"])
    with pytest.raises(SourceError, match="without a word about the password"):
        login().choose([])
    with pytest.raises(SourceError, match="wants a user name and password"):
        Login("", "", is_private=False).choose([BASE])


@pytest.mark.parametrize("junk", ["", ",,,", '"', "=", "Digest", 'Digest realm="', "\\\x00é" * 99])
def test_junk_is_no_challenge_and_no_error(junk: str) -> None:
    assert all(item.strength == -1 for item in parse_challenges([junk]))


def test_a_name_beyond_ascii_is_sent_as_utf8() -> None:
    here = Login("Jürgen", "pässword", is_private=False)
    here.choose([f"{BASE}, algorithm=SHA-256"])
    given = here.authorization("GET", "/")
    assert given is not None
    assert 'username="Jürgen"' in given.encode("latin-1").decode()


WEB = {
    "/sha": (f'{BASE}, qop="auth", algorithm=SHA-256',),
    "/both": (f"{BASE}, algorithm=MD5", f"{BASE}, algorithm=SHA-512-256"),
    "/basic": (BASIC, BASE),
    "/negotiate": ("Negotiate", f"{BASE}, algorithm=md5"),
    "/session": (f'{BASE}, qop="auth", algorithm=MD5-sess',),
    "/only": (BASIC,),
    "/unknown": (BASIC, f"{BASE}, algorithm=SHA3-256"),
}


def test_a_web_camera_lets_in_by_each_of_them_on_one_connection() -> None:
    pages = {
        path: OddPage(challenges, kind="text/plain", parts=lambda: iter([b"in"]), has_length=True)
        for path, challenges in WEB.items()
    }
    rules = AddressRules()
    with OddWeb(pages).running() as web:
        for path in WEB.keys() - {"/unknown"}:
            web.connections = 0
            stream = HttpReader(parse_address(web.url(path), rules), Dialer(rules)).open()
            assert stream.read(9) == b"in"
            stream.close()
            assert web.connections == 1
        with pytest.raises(SourceError, match="not sent in clear"):
            HttpReader(parse_address(web.url("/unknown"), rules), Dialer(rules)).open()
        wrong = web.url("/sha").replace(PASSWORD, "wrong")
        with pytest.raises(SourceError, match="refuses the user name or password"):
            HttpReader(parse_address(wrong, rules), Dialer(rules)).open()
    in_clear = {path for path, given in web.heard if given.startswith("Basic")}
    assert in_clear == {"/only"}
