"""Bodies that lie on the disk until their turn comes: forms with files, and bare files."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final

from fastapi import Request
from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from typing_extensions import override

SPOOL_BYTES: Final = 65_536  # of a file that stay in memory; the rest of it lies on the disk


@dataclass(frozen=True, slots=True)
class FormBounds:
    """How much a form may hold.

    Attributes:
        files: in it.
        fields: that are no files.
        field_bytes: of all fields together.
    """

    files: int
    fields: int
    field_bytes: int


class DiskFormParser(MultiPartParser):
    """Starlette's parser, with its files in a folder of ours, and all fields together bounded.

    The system's own folder of temporary files may be memory, as it is in containers.
    """

    def __init__(
        self,
        headers: Headers,
        stream: AsyncGenerator[bytes, None],
        folder: Path,
        bounds: FormBounds,
    ) -> None:
        super().__init__(
            headers,
            stream,
            max_files=bounds.files,
            max_fields=bounds.fields,
            max_part_size=bounds.field_bytes,
        )
        self._folder = folder
        self._field_bytes = 0

    @override
    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        upload = self._current_part.file
        if upload is not None:
            upload.file.close()
            file = spooled_file(self._folder)
            upload.file = file  # type: ignore[assignment]
            self._files_to_close_on_error[-1] = file

    @override
    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._field_bytes += end - start
            if self._field_bytes > self.max_part_size:
                raise MultiPartException(f"The fields have over {self.max_part_size} bytes.")
        super().on_part_data(data, start, end)


def spooled_file(folder: Path) -> "SpooledTemporaryFile[bytes]":
    """Return a file that moves from memory to a folder, without a name there, when it grows."""
    return SpooledTemporaryFile(max_size=SPOOL_BYTES, dir=str(folder))


def read_whole(file: "BinaryIO | SpooledTemporaryFile[bytes]") -> bytes:
    """Read a spooled file from its beginning."""
    file.seek(0)
    return file.read()


@asynccontextmanager
async def read_form(request: Request, folder: Path, bounds: FormBounds) -> AsyncIterator[FormData]:
    """Read a form; its files lie on the disk while the block runs.

    Raises:
        HTTPException: it is no form, or one with too much in it.
    """
    async with AsyncExitStack() as stack:
        try:
            parser = DiskFormParser(request.headers, request.stream(), folder, bounds)
            form = await parser.parse()
        except MultiPartException as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, error.message) from error
        stack.push_async_callback(form.close)
        yield form
