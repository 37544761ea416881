"""HLS as it is served: encrypted, with gaps, missing segments, dead renditions and odd names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from stream.camera.source import CameraSource
from stream.camera.web.hls import renditions_of
from stream.status import SourceState
from tests.stream.clips import write_clip
from tests.stream.peers.odd_web import OddPage, OddWeb
from tests.stream.watching import watching

KEY = bytes(range(16))
SEGMENTS = 5  # of one second each
APPLE = "application/vnd.apple.mpegurl"
MASTER = (
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=3840x2160\nhuge.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=1800000,RESOLUTION=1280x720\nmiddle.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\nlive.m3u8\n"
)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """MPEG-TS segments of one second."""
    folder = tmp_path_factory.mktemp("segments")
    return [
        write_clip(
            Path(folder) / f"{number}.ts",
            times_ms=range(number * 1000, number * 1000 + 1000, 40),
            size=(320, 240),
            container_options={"muxdelay": "0"},
            options={"bf": "0"},
        ).read_bytes()
        for number in range(SEGMENTS)
    ]


def page(body: bytes, kind: str | None = "video/mp2t", status: int = 200) -> OddPage:
    return OddPage(kind=kind, status=status, parts=lambda: iter([body]), has_length=True)


def playlist(
    line: Callable[[int], str] = lambda _: "", names: Callable[[int], str] = "s{}.ts".format
) -> bytes:
    """A playlist of all segments, with a line before each."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:1"]
    for number in range(SEGMENTS):
        lines += [line(number), "#EXTINF:1.0,", names(number)]
    return "\n".join([*filter(None, lines), "#EXT-X-ENDLIST", ""]).encode()


def pages_of(segments: list[bytes]) -> dict[str, OddPage]:
    return {f"/s{number}.ts": page(data) for number, data in enumerate(segments)}


def encrypted(data: bytes, start: int) -> bytes:
    padder = PKCS7(128).padder()
    coder = Cipher(AES(KEY), CBC(start.to_bytes(16, "big"))).encryptor()
    return coder.update(padder.update(data) + padder.finalize()) + coder.finalize()


def seconds_seen(pages: dict[str, OddPage], path: str = "/live.m3u8") -> tuple[float, str]:
    """Play to the end; return how long the media was that was seen, and the last reason."""
    with OddWeb(pages).running() as web, watching(CameraSource(web.url(path))) as watch:
        watch.wait_for(SourceState.FAILED)
        media = [media_time for _, media_time, *_ in watch.frames]
        return (max(media) - min(media) if media else 0.0), watch.reason


@pytest.mark.parametrize("has_start", [True, False])
def test_aes_128_is_decrypted(segments: list[bytes], has_start: bool) -> None:
    def line(number: int) -> str:
        start = f",IV=0x{number + 7:032x}" if has_start else ""
        return f'#EXT-X-KEY:METHOD=AES-128,URI="key"{start}'

    first = 7 if has_start else 0
    pages = {f"/s{at}.ts": page(encrypted(data, at + first)) for at, data in enumerate(segments)}
    pages |= {"/live.m3u8": page(playlist(line), APPLE), "/key": page(KEY)}
    seen, reason = seconds_seen(pages)
    assert seen > 2.5
    assert reason == "It ended the stream."


def test_a_key_that_is_missing_is_the_reason(segments: list[bytes]) -> None:
    lines = playlist(lambda _: '#EXT-X-KEY:METHOD=AES-128,URI="key"')
    _, reason = seconds_seen(pages_of(segments) | {"/live.m3u8": page(lines, APPLE)})
    assert reason.endswith("(HTTP 404).")


@pytest.mark.parametrize(("gone", "is_marked"), [(404, True), (404, False), (500, False)])
def test_segments_that_are_gone_are_passed_over(
    segments: list[bytes], gone: int, is_marked: bool
) -> None:
    pages = pages_of(segments)
    pages["/s3.ts"] = page(b"gone", "text/plain", gone)
    body = playlist(lambda number: "#EXT-X-GAP" if is_marked and number == 3 else "")
    seen, reason = seconds_seen(pages | {"/live.m3u8": page(body, APPLE)})
    assert seen > 0.9
    assert reason == "It ended the stream."


def test_a_playlist_without_any_segment_left_says_why(segments: list[bytes]) -> None:
    assert segments
    _, reason = seconds_seen({"/live.m3u8": page(playlist(), APPLE)})
    assert reason.startswith("It has no stream at this path;")


def test_another_rendition_is_played_for_one_whose_segments_are_gone(
    segments: list[bytes],
) -> None:
    pages = pages_of(segments) | {
        "/middle.m3u8": page(playlist(names="gone{}.ts".format), APPLE),
        "/live.m3u8": page(playlist(), APPLE),
        "/master.m3u8": page(MASTER.encode(), APPLE),
    }
    seen, reason = seconds_seen(pages, "/master.m3u8")
    assert seen > 0.9
    assert reason == "It ended the stream."


@pytest.mark.parametrize("status", [404, 200])
def test_another_rendition_is_played_for_a_dead_one(segments: list[bytes], status: int) -> None:
    pages = pages_of(segments) | {
        "/middle.m3u8": page(b"<html>", "text/html", status),
        "/live.m3u8": page(playlist(), APPLE),
        "/master.m3u8": page(MASTER.encode(), APPLE),
    }
    seen, reason = seconds_seen(pages, "/master.m3u8")
    assert seen > 0.9
    assert reason == "It ended the stream."


def test_the_largest_rendition_that_is_not_too_large_comes_first() -> None:
    urls = [rendition.url for rendition in renditions_of(MASTER, "http://camera/a/master.m3u8")]
    assert urls == [f"http://camera/a/{name}.m3u8" for name in ("middle", "live", "huge")]


@pytest.mark.parametrize(
    ("kind", "mark"), [("text/plain", b""), (None, b""), ("text/html", b"\xef\xbb\xbf")]
)
def test_a_playlist_is_known_by_its_first_line(
    segments: list[bytes], kind: str | None, mark: bytes
) -> None:
    pages = pages_of(segments) | {"/live": page(mark + playlist(), kind)}
    seen, _ = seconds_seen(pages, "/live")
    assert seen > 0.9


def test_segments_may_have_any_name(segments: list[bytes]) -> None:
    pages = {f"/part/{at}.jpg": page(data) for at, data in enumerate(segments)}
    body = playlist(names="part/{}.jpg?token=1".format)
    seen, _ = seconds_seen(pages | {"/live.m3u8": page(body, APPLE)})
    assert seen > 0.9


def test_a_redirected_playlist_and_its_cookie_are_followed(segments: list[bytes]) -> None:
    moved = OddPage(status=302, headers=(("Location", "/deep/live.m3u8"),), has_length=True)
    pages = {f"/deep/s{at}.ts": page(data) for at, data in enumerate(segments)}
    pages |= {"/live.m3u8": moved, "/deep/live.m3u8": page(playlist(), APPLE)}
    seen, _ = seconds_seen(pages)
    assert seen > 0.9


@pytest.mark.parametrize(
    "key",
    [
        'METHOD=SAMPLE-AES,URI="skd://1",KEYFORMAT="com.apple.streamingkeydelivery"',
        'METHOD=SAMPLE-AES-CTR,URI="data:,x",KEYFORMAT="urn:uuid:edef8ba9"',
    ],
)
def test_protected_pictures_are_named(segments: list[bytes], key: str) -> None:
    body = playlist(lambda _: f"#EXT-X-KEY:{key}")
    _, reason = seconds_seen(pages_of(segments) | {"/live.m3u8": page(body, APPLE)})
    assert reason.startswith("Its pictures are protected")


def test_ranges_of_one_file_are_played_also_if_the_server_serves_it_whole(
    segments: list[bytes],
) -> None:
    begins = [sum(map(len, segments[:number])) for number in range(SEGMENTS)]
    body = playlist(
        lambda number: f"#EXT-X-BYTERANGE:{len(segments[number])}@{begins[number]}",
        names="all.ts?{}".format,
    )
    pages = {"/all.ts": page(b"".join(segments)), "/live.m3u8": page(body, APPLE)}
    seen, reason = seconds_seen(pages)
    assert 0.9 < seen < SEGMENTS
    assert reason == "It ended the stream."
