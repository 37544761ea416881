"""Everything a user can set, read once from the environment and `.env`, handed down as values."""

import codecs
import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final, Literal

from api.errors import SettingsError

PREFIX: Final = "SKULENS_"
DOTENV: Final = Path(".env")
# The bucket's keys, by the names that they usually have.
KEYS: Final = ("ACCESS_KEY", "SECRET_KEY")
# Ours lie beside the packages, in the checkout that the editable install points to.
SHIPPED_WEIGHTS: Final = Path(__file__).parents[1] / "weights"

# The names of `catalog.ingest.quality.IssueKind`, which would take a second to import.
FAULTS: Final = ("small", "blurred", "plain", "duplicate", "twin")

Device = Literal["auto", "cpu", "cuda", "reference"]

_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _folder(text: str) -> Path:
    if not text or "://" in text:
        raise ValueError("expected a folder; a bucket is named by SKULENS_S3_BUCKET")
    return Path(text).expanduser()


def _threads(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 1024:
        raise ValueError("expected a whole number from 0 to 1024")
    return number


def _connections(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
    if not 8 <= number <= 100_000:
        raise ValueError("expected a whole number from 8 to 100000")
    return number


def _device(text: str) -> Device:
    match text:
        case "auto" | "cpu" | "cuda" | "reference":
            return text
        case _:
            raise ValueError("expected auto, cpu, cuda or reference")


def _switch(text: str) -> bool:
    if text.lower() not in ("0", "1", "false", "true", "no", "yes"):
        raise ValueError("expected yes or no")
    return text.lower() in ("1", "true", "yes")


def _bucket(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}", text):
        raise ValueError("expected the name of a bucket, without s3:// and prefix")
    return text


def _prefix(text: str) -> str:
    prefix = text.strip("/")
    if not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", part) for part in prefix.split("/")):
        raise ValueError("expected letters, digits, '.', '_', '-' and '/'")
    return prefix


def _endpoint(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", text):
        raise ValueError("expected a URL such as https://s3.example.com:9000, without a query")
    return text.rstrip("/")


def _server(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s@]+", text):
        raise ValueError("expected a URL such as https://skulens.example.com")
    return text.rstrip("/")


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate <= 1e6:
        raise ValueError("expected requests per second from 0.1 to 1000000")
    return rate


def _region(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,63}", text):
        raise ValueError("expected a region such as eu-central-1")
    return text


def _encryption(text: str) -> str:
    if not re.fullmatch(r"AES256|aws:kms(:\S+)?", text):
        raise ValueError("expected AES256, aws:kms or aws:kms:KEY")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 600:
        raise ValueError("expected seconds from 0.1 to 600")
    return seconds


def _silence(text: str) -> float:
    seconds = _seconds(text)
    if seconds < 2:
        raise ValueError("expected seconds from 2 to 600: a busy engine may be silent for one")
    return seconds


def _interval(text: str) -> float:
    try:
        often = float(text)
    except ValueError:
        often = -1.0
    if not 0 <= often <= 100_000:
        raise ValueError("expected a number, or 0 for never")
    return often


def _gigabytes(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not 0 <= size <= 1e6:
        raise ValueError("expected gigabytes from 0 to 1000000")
    return size


def _networks(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(word)) for word in _words(text))
    except ValueError as error:
        raise ValueError("expected networks such as 192.168.1.0/24, with commas") from error


def _addresses(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ip_address(word)) for word in _words(text))
    except ValueError as error:
        raise ValueError("expected addresses such as 192.168.1.20, with commas") from error


def _ice_servers(text: str) -> tuple[str, ...]:
    urls = tuple(_words(text))
    if not all(re.fullmatch(r"(stun|turns?):[^\s,]+", url) for url in urls):
        raise ValueError("expected URLs such as turn:turn.example.com:3478, with commas")
    return urls


def _ports(text: str) -> tuple[int, int]:
    known = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    first, last = (int(known[1]), int(known[2])) if known else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise ValueError("expected two ports from 1024 to 65535 such as 40000-40100")
    return first, last


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def default_cache() -> Path:
    """Return `$XDG_CACHE_HOME/skulens`, or `~/.cache/skulens`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "skulens"


def _faults(text: str) -> tuple[str, ...]:
    faults = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not set(faults) <= set(FAULTS):
        raise ValueError(f"expected some of {', '.join(FAULTS)}, with commas between them")
    return faults


def _cosine(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise ValueError("expected a number over 0, at most 1")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Values of the environment and `.env`.

    Attributes:
        storage: folder that holds the catalogs.
        cache_dir: folder for compiled networks; may be deleted at any time.
        weights: folder of the networks' weights with its `manifest.json`.
        threads: of the processor that networks and OpenCV may use; 0 means all.
        device: where networks run.
        words: whether what is printed on products is read, to find and to tell them apart.
        allow_noncommercial_weights: load weights whose licence forbids commercial use.
        s3_bucket: bucket that holds the catalogs instead of the folder; empty for the folder.
        s3_prefix: in front of all keys in the bucket.
        s3_endpoint: URL of the S3 server; AWS when empty.
        s3_region: boto3's own choice when empty.
        s3_path_style: whether the bucket's name stands in the path; None: unless it is AWS.
        s3_encryption: AES256, aws:kms or aws:kms:KEY; the bucket's own choice when empty.
        s3_timeout_s: bound of each wait for an answer of the S3 server, seconds.
        enrolment_refuses: faults for which a reference picture is refused; others are only told.
        twin_similarity: cosine from which on another product is told as a near-twin.
        sync_minutes: between two looks of the service for what people put there; 0 for never.
        reconcile_hours: between two comparisons of everything in the storage; 0 for never.
        import_gb: what an archive of an import may unpack to, gigabytes.
        free_gb: what stays free on disks that archives and uploads are written to, gigabytes.
        uploads_gb: of films and archives that the service's jobs keep, gigabytes.
        uploads_per_key_gb: of those that the jobs of one key keep, gigabytes.
        job_days: how long the service keeps jobs that are over, with their files; 0 for ever.
        state: folder of the service's keys, cameras, events and jobs.
        camera_networks: CIDR; if any are given, cameras and webhooks must be in one of them.
        ice_servers: `stun:…` and `turn:…` URLs that WebRTC peers may use.
        ice_addresses: of this machine, where WebRTC listens; empty for all but loopback.
        ice_public_addresses: that others reach this machine at, where they are translated.
        ice_ports: first and last UDP port of WebRTC; None for any.
        turn_username: for TURN servers.
        turn_credential: for TURN servers; not shown.
        server: URL of a service that commands about catalogs ask instead of doing it themselves.
        key: API key for it; not shown.
        wait_s: seconds that a request may wait for its turn to be computed.
        bodies_gb: of requests under way, which lie on the disk, gigabytes.
        connections: that one worker keeps.
        connections_per_address: that one worker keeps of one client.
        trusted_proxies: CIDR; of these alone `X-Forwarded-For` is believed.
        engine_silence_s: without a sign of life, after which the engine is replaced.
        requests_per_second: of one key from one address, before it is asked to wait.
        access_key: for the bucket; boto3's own chain when empty. `ACCESS_KEY`, without our prefix.
        secret_key: for the bucket; `SECRET_KEY`, without our prefix.
    """

    storage: Path = field(default=Path("data"), metadata={"parse": _folder})
    cache_dir: Path = field(default_factory=default_cache, metadata={"parse": _folder})
    weights: Path = field(default=SHIPPED_WEIGHTS, metadata={"parse": _folder})
    threads: int = field(default=0, metadata={"parse": _threads})
    device: Device = field(default="auto", metadata={"parse": _device})
    words: bool = field(default=True, metadata={"parse": _switch})
    allow_noncommercial_weights: bool = field(default=False, metadata={"parse": _switch})
    s3_bucket: str = field(default="", metadata={"parse": _bucket})
    s3_prefix: str = field(default="", metadata={"parse": _prefix})
    s3_endpoint: str = field(default="", metadata={"parse": _endpoint})
    s3_region: str = field(default="", metadata={"parse": _region})
    s3_path_style: bool | None = field(default=None, metadata={"parse": _switch})
    s3_encryption: str = field(default="", metadata={"parse": _encryption})
    s3_timeout_s: float = field(default=10.0, metadata={"parse": _seconds})
    enrolment_refuses: tuple[str, ...] = field(default=(), metadata={"parse": _faults})
    twin_similarity: float = field(default=0.9, metadata={"parse": _cosine})
    sync_minutes: float = field(default=5.0, metadata={"parse": _interval})
    reconcile_hours: float = field(default=24.0, metadata={"parse": _interval})
    import_gb: float = field(default=100.0, metadata={"parse": _gigabytes})
    free_gb: float = field(default=1.0, metadata={"parse": _gigabytes})
    uploads_gb: float = field(default=200.0, metadata={"parse": _gigabytes})
    uploads_per_key_gb: float = field(default=100.0, metadata={"parse": _gigabytes})
    job_days: float = field(default=30.0, metadata={"parse": _interval})
    state: Path = field(default=Path("state"), metadata={"parse": _folder})
    camera_networks: tuple[str, ...] = field(default=(), metadata={"parse": _networks})
    ice_servers: tuple[str, ...] = field(default=(), metadata={"parse": _ice_servers})
    ice_addresses: tuple[str, ...] = field(default=(), metadata={"parse": _addresses})
    ice_public_addresses: tuple[str, ...] = field(default=(), metadata={"parse": _addresses})
    ice_ports: tuple[int, int] | None = field(default=None, metadata={"parse": _ports})
    turn_username: str = field(default="", metadata={"parse": str})
    turn_credential: str = field(default="", repr=False, metadata={"parse": str})
    server: str = field(default="", metadata={"parse": _server})
    key: str = field(default="", repr=False, metadata={"parse": str})
    wait_s: float = field(default=10.0, metadata={"parse": _seconds})
    bodies_gb: float = field(default=1.0, metadata={"parse": _gigabytes})
    connections: int = field(default=1000, metadata={"parse": _connections})
    connections_per_address: int = field(default=200, metadata={"parse": _connections})
    trusted_proxies: tuple[str, ...] = field(default=(), metadata={"parse": _networks})
    engine_silence_s: float = field(default=20.0, metadata={"parse": _silence})
    requests_per_second: float = field(default=100.0, metadata={"parse": _rate})
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


def variables() -> tuple[str, ...]:
    """Return the names of all settings, as they stand in the environment."""
    parsed = [setting.name for setting in fields(Settings) if "parse" in setting.metadata]
    return tuple(PREFIX + name.upper() for name in parsed)


def load_settings(environ: Mapping[str, str], dotenv: Path = DOTENV) -> Settings:
    """Read the settings from `.env` and the environment, which wins.

    Raises:
        SettingsError: a name is misspelt, a value is not usable, or `.env` cannot be read.
    """
    written = read_dotenv(dotenv)
    given = {**_ours(written), **_ours(environ)}
    _refuse_unknown(given)
    parsed: dict[str, Any] = _keys(written, environ)
    for setting in fields(Settings):
        name = PREFIX + setting.name.upper()
        if name in given and "parse" in setting.metadata:
            parsed[setting.name] = _parsed(name, given[name], setting.metadata["parse"])
    return Settings(**parsed)


def _keys(*sources: Mapping[str, str]) -> dict[str, str]:
    """The bucket's keys from the last source that names one; a pair from one place."""
    for source in reversed(sources):
        pair = {name.lower(): source[name] for name in KEYS if source.get(name)}
        if len(pair) == 1:
            raise SettingsError(f"{' and '.join(KEYS)} go together; one of them is missing.")
        if pair:
            return pair
    return {}


def read_dotenv(path: Path) -> dict[str, str]:
    """Read `NAME=value` lines with comments, `export` and quotes; a missing file has none.

    The text is UTF-8, or UTF-16 with a mark.

    Raises:
        SettingsError: the file cannot be read or holds a line that is no assignment.
    """
    try:
        data = path.read_bytes()
        # Windows' editors and shells put a mark in front, and PowerShell writes UTF-16.
        text = data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}.") from error
    return dict(
        _assignment(line, path, number)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _assignment(line: str, path: Path, number: int) -> tuple[str, str]:
    name, equals, value = line.strip().removeprefix("export ").partition("=")
    if not equals or not name.strip().isidentifier():
        raise SettingsError(f"line {number} of {path} is not NAME=value.")
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return name.strip(), value[1:-1]
    return name.strip(), value.partition(" #")[0].rstrip()


def _ours(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name.upper().startswith(PREFIX)}


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = variables()
    unknown = sorted(name for name in given if name not in known)
    if unknown:
        near = difflib.get_close_matches(unknown[0].upper(), known, n=1, cutoff=0.0)
        raise SettingsError(
            f"there is no setting {', '.join(unknown)}; did you mean {near[0]}? "
            f"(settings: {', '.join(known)})"
        )


def _parsed(name: str, text: str, parse: Callable[[str], object]) -> object:
    try:
        return parse(text.strip())
    except ValueError as error:
        raise SettingsError(f"{name} is {text!r}: {error}.") from error
