"""Challenges of a camera that wants a password, and their answers, by HTTP as by RTSP.

RFC 7235 (challenges), 7616 and 2617 (digest, also of RFC 2326's RTSP), 7617 (basic).
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stream.errors import SourceError

# Digest algorithms, weakest first, and hashlib's name of each; "-sess" changes the key only.
HASHES: Final = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
SESSION: Final = "-sess"
MAX_CHALLENGE: Final = 8192  # characters of one header that are read; real ones have some hundreds
REFUSED: Final = "it refuses the user name or password; check them, and whether this user may watch"
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z/-]+"
# A value without quotes may have spaces in badly written challenges, up to the next comma.
_PARAMETER: Final = re.compile(
    rf'({_TOKEN})\s*=\s*(?:"((?:\\.|[^"\\])*)"?|([^,"\s]*(?:[ \t]+[^,"=\s]+(?=\s*(?:,|$)))*))'
)
_SCHEME: Final = re.compile(_TOKEN)
_BETWEEN: Final = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a camera offers.

    Attributes:
        scheme: in lower case: "digest", "basic", or one that is not known here.
        parameters: by their names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """A digest's algorithm in lower case."""
        return self.parameters.get("algorithm", "").lower() or "md5"

    @property
    def strength(self) -> int:
        """Rank of a digest that can be answered, from 0; -1 for every other challenge."""
        name = self.algorithm.removesuffix(SESSION)
        if self.scheme != "digest" or name not in HASHES or "nonce" not in self.parameters:
            return -1
        if self.parameters.get("qop", "") and not self.protection:
            return -1
        return list(HASHES).index(name)

    @property
    def protection(self) -> str:
        """The quality of protection to use: "auth", "auth-int", or empty for none."""
        offered = self.parameters.get("qop", "").lower().replace(",", " ").split()
        return next((name for name in ("auth", "auth-int") if name in offered), "")

    @property
    def is_stale(self) -> bool:
        """Whether the password was right, but the nonce is too old."""
        return self.parameters.get("stale", "").lower() == "true"


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Parse `WWW-Authenticate` headers, each of which may hold several challenges."""
    found: list[Challenge] = []
    for header in headers:
        text, at = header[:MAX_CHALLENGE], 0
        while (at := _next(text, at)) < len(text):
            parameter = _PARAMETER.match(text, at)
            scheme = _SCHEME.match(text, at)
            if parameter and found:
                name, quoted, plain = parameter.groups()
                value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                found[-1] = _with(found[-1], name.lower(), value.strip())
                at = parameter.end()
            elif scheme:
                found.append(Challenge(scheme[0].lower()))
                at = scheme.end()
            else:
                at += 1
    return found


class Login:
    """Answers the challenges of one camera by the strongest way that it offers.

    The password is never sent in clear (basic, without TLS) to a camera that ever offered digest.
    """

    def __init__(self, user: str, password: str, *, is_private: bool) -> None:
        """Prepare.

        Args:
            user: empty if the address names none.
            password: as typed.
            is_private: whether nobody can read the connection, and the other side is proven.
        """
        self._user = user
        self._password = password
        self._is_private = is_private
        self._has_offered_digest = False
        self._chosen: Challenge | None = None
        self._nonce_count = 0
        self._client_nonce = ""

    def choose(self, headers: Iterable[str]) -> Challenge:
        """Choose among the challenges of a refusal; later requests are signed by it.

        Raises:
            SourceError: the address has no user, or nothing that is offered can be used.
        """
        offered = parse_challenges(headers)
        digests = [challenge for challenge in offered if challenge.scheme == "digest"]
        self._has_offered_digest |= bool(digests)
        if not self._user:
            raise SourceError(
                "it wants a user name and password; put them into the address: user:password@host"
            )
        strongest = max(digests, key=lambda challenge: challenge.strength, default=None)
        if strongest is None or strongest.strength < 0:
            strongest = next((choice for choice in offered if choice.scheme == "basic"), None)
            if self._has_offered_digest and not self._is_private:
                strongest = None
        if strongest is None:
            raise SourceError(_explain_unusable(offered))
        self._chosen, self._nonce_count = strongest, 0
        self._client_nonce = secrets.token_hex(8)
        return strongest

    def authorization(self, method: str, uri: str, body: bytes = b"") -> str | None:
        """Return the `Authorization` header of a request; None before any challenge.

        Characters beyond ASCII are UTF-8 bytes, each written as the Latin-1 character of its value.

        Args:
            method: "GET", "DESCRIBE".
            uri: as it stands in the request's first line.
            body: of the request.
        """
        if self._chosen is None:
            return None
        if self._chosen.scheme == "basic":
            pair = f"{self._user}:{self._password}".encode()
            return f"Basic {b64encode(pair).decode()}"
        self._nonce_count += 1
        fields = self._digest(self._chosen, method, uri, body)
        return f"Digest {', '.join(fields)}".encode().decode("latin-1")

    def _digest(self, challenge: Challenge, method: str, uri: str, body: bytes) -> list[str]:
        offered, protection = challenge.parameters, challenge.protection
        realm, nonce = offered.get("realm", ""), offered["nonce"]
        hashed = _Hash(challenge.algorithm.removesuffix(SESSION))
        key = hashed(self._user, realm, self._password)
        if is_session := challenge.algorithm.endswith(SESSION):
            key = hashed(key, nonce, self._client_nonce)
        request = (method, uri, hashed.of(body)) if protection == "auth-int" else (method, uri)
        count = f"{self._nonce_count:08x}"
        middle = (nonce, count, self._client_nonce, protection) if protection else (nonce,)
        has_hashed_user = offered.get("userhash", "").lower() == "true"
        user = hashed(self._user, realm) if has_hashed_user else self._user
        fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
        fields["response"] = hashed(key, *middle, hashed(*request))
        if protection or is_session:
            fields["cnonce"] = self._client_nonce
        if "opaque" in offered:
            fields["opaque"] = offered["opaque"]
        texts = [f"{name}={_quoted(value)}" for name, value in fields.items()]
        if offered.get("algorithm"):  # as the camera writes it
            texts.append(f"algorithm={offered['algorithm']}")
        if has_hashed_user:
            texts.append("userhash=true")
        return texts + ([f"qop={protection}", f"nc={count}"] if protection else [])


class _Hash:
    """A digest's hash of parts joined by colons, in hexadecimal."""

    def __init__(self, name: str) -> None:
        self._name = HASHES[name]

    def __call__(self, *parts: str) -> str:
        return self.of(":".join(parts).encode())

    def of(self, data: bytes) -> str:
        return hashlib.new(self._name, data, usedforsecurity=False).hexdigest()


def _next(text: str, at: int) -> int:
    """Return where the next word begins."""
    between = _BETWEEN.match(text, at)
    return between.end() if between else at


def _with(challenge: Challenge, name: str, value: str) -> Challenge:
    return Challenge(challenge.scheme, {name: value, **challenge.parameters})


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _explain_unusable(offered: list[Challenge]) -> str:
    if not offered:
        return "it refuses without a word about the password that it wants; check the address"
    names = dict.fromkeys(
        f"digest with {choice.algorithm.upper()}" if choice.scheme == "digest" else choice.scheme
        for choice in offered
    )
    return (
        f"it takes passwords only by {', '.join(names)}; set it to digest (MD5, SHA-256 or "
        "SHA-512-256), because a password is not sent in clear where digest is offered"
    )
