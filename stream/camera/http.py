"""Opens HTTP cameras (Motion JPEG, HLS, MPEG-TS and others) by what their first bytes show."""

from typing import Final

from stream.camera.address import CameraAddress
from stream.camera.container import ByteStream, OpenCamera, Trouble, open_container, prepare
from stream.camera.dialer import Dialer
from stream.camera.settings import CameraSettings
from stream.camera.web.body import (
    MOTION_JPEG,
    MULTIPART,
    NAMED,
    ONE_JPEG,
    PEEK_BYTES,
    PLAYLIST,
    kind_of,
)
from stream.camera.web.client import HttpReader, HttpStream
from stream.camera.web.hls import (
    Guarded,
    HlsParts,
    check_segments,
    renditions_of,
    text_of,
)
from stream.camera.web.mjpeg import MotionJpeg
from stream.camera.web.snapshots import SnapshotPictures
from stream.errors import SourceError

# A segment that claims to be another playlist, or a description of sockets to open, is refused.
# Their names' endings say nothing; what may be opened is checked at each connection.
HLS_OPTIONS: Final = {
    "http_persistent": "0",
    "live_start_index": "-2",
    "format_whitelist": "hls,mpegts,mov,mp4,m4a,3gp,3g2,mj2",
    "allowed_extensions": "ALL",
    "allowed_segment_extensions": "ALL",
    "extension_picky": "0",
}
TIMELESS: Final = ("h264", "hevc")  # raw streams: pictures without times


def open_http(address: CameraAddress, dialer: Dialer, settings: CameraSettings) -> OpenCamera:
    """Open a web camera, whichever kind its bytes show; see `stream.camera.open.Opener`.

    Raises:
        SourceError: it is not there, not allowed, or serves no video.
    """
    reader = HttpReader(address, dialer)
    body = reader.open()
    try:
        kind = _kind(body)
    except BaseException:
        body.close()
        raise
    if kind == PLAYLIST:
        return _open_playlist(reader, body, dialer, settings.threads)
    trouble = Trouble()
    is_motion_jpeg = kind in (MOTION_JPEG, ONE_JPEG)
    source = Guarded(_parts(kind, reader, body), trouble)
    try:
        container = open_container(source, "mpjpeg" if is_motion_jpeg else kind, trouble=trouble)
    except BaseException:
        source.close()
        raise
    has_times = not is_motion_jpeg and kind not in TIMELESS
    return prepare(
        container,
        settings.threads,
        has_times=has_times,
        comes_in_bursts=has_times,
        trouble=trouble,
        farewell=source.close,
    )


def _parts(kind: str, reader: HttpReader, body: HttpStream) -> ByteStream:
    """Return what FFmpeg reads of a body."""
    if kind == ONE_JPEG:
        return MotionJpeg(SnapshotPictures(body, reader.open))
    return MotionJpeg(body) if kind == MOTION_JPEG else body


def _kind(body: HttpStream) -> str:
    """Return what a body is: FFmpeg's name, or one of `stream.camera.web.body`.

    Raises:
        SourceError: it is no stream of pictures, or the connection broke.
    """
    if body.content_type in MULTIPART:
        return MOTION_JPEG
    first = body.peek(lambda ahead: kind_of(ahead) is not None, PEEK_BYTES)
    kind = kind_of(first) or NAMED.get(body.content_type)
    if kind is None:
        raise SourceError(
            f"it serves {body.content_type or 'something'}, which is not a stream of pictures; "
            "use the address of its stream, not of its page"
        )
    return kind


def _open_playlist(
    reader: HttpReader, body: HttpStream, dialer: Dialer, threads: int
) -> OpenCamera:
    """Open a playlist, or the best of its renditions that is alive."""
    text = text_of(body)
    renditions = renditions_of(text, body.url)
    if not renditions:
        return _open_segments(reader, body.url, text, threads)
    refusal = SourceError("its playlist names no stream")
    for rendition in renditions:
        if dialer.is_stopped:
            break
        try:
            text = text_of(reader.open(rendition.url))
            return _open_segments(reader, rendition.url, text, threads)
        except SourceError as error:
            refusal = error
    raise refusal


def _open_segments(reader: HttpReader, url: str, text: str, threads: int) -> OpenCamera:
    """Open a playlist of segments."""
    check_segments(text)
    trouble = Trouble()
    parts = HlsParts(reader, trouble, {url: text})
    try:
        container = open_container(url, PLAYLIST, HLS_OPTIONS, parts.open, trouble)
    except BaseException:
        parts.close()
        raise
    return prepare(container, threads, comes_in_bursts=True, trouble=trouble, farewell=parts.close)
