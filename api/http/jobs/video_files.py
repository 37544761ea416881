"""Video files of jobs: which ones are taken, and fetching one from a bucket to the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.errors import Refused
from catalog.errors import NotFound, StorageUnavailable
from catalog.storage.s3_client import VENDOR_ERRORS, S3Options, make_client, open_session
from catalog.storage.s3_errors import describe_s3_error, is_absent, is_bucket_absent
from stream.errors import SourceError, StreamError
from stream.video.file import FileSource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What a video file has at a place near its start.
CONTAINERS: Final = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (0, b"\x1a\x45\xdf\xa3"),
    (8, b"AVI "),
    (0, b"\x00\x00\x01\xba"),
    (0, b"\x00\x00\x01\xb3"),
    (0, b"GIF8"),
    (0, b"OggS"),
    (0, b"FLV"),
)
_HEAD: Final = 200  # bytes: one packet of MPEG-TS and a little more
_CHUNK: Final = 1 << 20  # bytes, fetched and written at once

OnBytes = Callable[[int, int], None]
FetchVideo = Callable[[str, Path, OnBytes], None]


def check_video_file(path: Path) -> None:
    """Check that a file is a video.

    Raises:
        SourceError: it is of another kind, or cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    # Playlists and manifests would have FFmpeg open whatever they name.
    is_stream = head[:1] == head[188:189] == b"G"  # MPEG-TS: packets of 188 bytes
    known = any(head[at : at + len(magic)] == magic for at, magic in CONTAINERS)
    if not (known or is_stream):
        raise SourceError(
            "this is no video file that is taken: send MP4, MOV, MKV, WebM, AVI, MPEG or GIF"
        )
    try:
        FileSource(path).close()
    except StreamError as error:
        raise SourceError(str(error).replace(str(path), "the file")) from error


def s3_video_fetcher(options: S3Options, largest: int) -> FetchVideo:
    """Return a function that fetches an `s3://bucket/key` address, megabyte by megabyte.

    Its callback gets the bytes so far and in all, the first time before anything is fetched.
    It raises `NotFound`, `StorageUnavailable`, `Refused` for more than `largest` bytes, and
    whatever its callback raises; called again, it goes on where it stopped.

    Args:
        options: of the server; bucket and prefix are not used.
        largest: bytes.
    """

    def fetch(address: str, target: Path, on_bytes: OnBytes) -> None:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        try:
            client = make_client(open_session(options), options, options.attempts)
            _fetch(client, bucket, key, target, largest, on_bytes)
        except VENDOR_ERRORS as error:
            if is_absent(error) or is_bucket_absent(error):
                raise NotFound(f"there is no {address}") from error
            raise StorageUnavailable(describe_s3_error("read", address, error)) from error

    return fetch


def _fetch(
    reader: "S3Client", bucket: str, key: str, target: Path, largest: int, on_bytes: OnBytes
) -> None:
    head = reader.head_object(Bucket=bucket, Key=key)
    size, tag = head["ContentLength"], head["ETag"]
    if size > largest:
        raise Refused(f"s3://{bucket}/{key} has {size:,} bytes; {largest:,} are allowed.")
    # Of another version of the object nothing can be used.
    draft = target.with_name(f"{target.name}.{tag.strip(chr(34))}.part")
    with draft.open("ab") as file:
        done = file.tell()
        on_bytes(done, size)
        if done < size:
            answer = reader.get_object(Bucket=bucket, Key=key, Range=f"bytes={done}-", IfMatch=tag)
            for piece in answer["Body"].iter_chunks(_CHUNK):
                file.write(piece)
                done += len(piece)
                on_bytes(done, size)
    draft.replace(target)
