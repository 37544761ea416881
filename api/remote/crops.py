"""Questions about pictures alone, asked of a server; implements `CropAnswers`."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.errors import Refused
from api.remote.crop_answers import LocatedPair, QueryPicture
from api.remote.decoding import translate_refusals
from client.client import Client
from client.errors import Declined
from client.location_records import LocatedCropJson
from client.proposal_records import ProposalsJson
from client.thumbnail_records import ThumbnailsJson
from matcher.crops.propose.ranking import Point
from matcher.crops.thumbnail.aspect import Aspect

ASPECTS_AT_ONCE: Final = 10  # in one request: a service takes no more


class RemoteCrops:
    """Answers of a server; those about files have the names that they have here."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def locate(
        self, a: QueryPicture, b: QueryPicture, *, mirrored: bool, difference: bool = False
    ) -> LocatedPair:
        """Say whether one picture is a crop of the other."""
        with _refusals(f"{a.name} or {b.name}"):
            answer = self._client.locate_crop(
                _file(a), _file(b), mirrored=mirrored, difference=difference
            )
        drawn = answer["difference"]
        return LocatedPair(
            _renamed(answer, a.name, b.name), None if drawn is None else _read(drawn)
        )

    def propose(self, picture: QueryPicture, point: Point | None, limit: int) -> ProposalsJson:
        """Say what is meant, perhaps by a tap inside the picture."""
        with _refusals(picture.name):
            answer = self._client.propose(_file(picture), point=point, limit=limit)
        answer["image"] = picture.name
        return answer

    def thumbnails(self, picture: QueryPicture, aspects: Sequence[Aspect]) -> ThumbnailsJson:
        """Frame a picture at each aspect."""
        names = [aspect.name for aspect in aspects]
        parts = [
            names[first : first + ASPECTS_AT_ONCE]
            for first in range(0, len(names), ASPECTS_AT_ONCE)
        ]
        with _refusals(picture.name):
            answers = [self._client.thumbnails(_file(picture), part) for part in parts]
        answer = answers[0]
        for more in answers[1:]:
            answer["thumbnails"] += more["thumbnails"]
            answer["elapsed_ms"] += more["elapsed_ms"]
        answer["image"] = picture.name
        return answer


@contextmanager
def _refusals(names: str) -> Iterator[None]:
    """Raise what a server says of a picture as this machine would, also that it is too large."""
    try:
        with translate_refusals():
            yield
    except Declined as error:
        if error.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        raise Refused(f"the service does not take {names}: {error}") from error


def _renamed(answer: LocatedCropJson, a: str, b: str) -> LocatedCropJson:
    """Return an answer whose pictures are called as here; a form may spell a name otherwise."""
    named = answer["sentence"].replace(answer["a"], a)
    if answer["b"] != answer["a"]:
        named = named.replace(answer["b"], b)
    return {**answer, "a": a, "b": b, "sentence": named, "difference": None}


def _read(address: str) -> NDArray[np.uint8]:
    """Return the picture inside a data URL, (H, W, 3) RGB."""
    data = base64.b64decode(address.partition(",")[2])
    with Image.open(BytesIO(data)) as opened:
        return np.array(opened.convert("RGB"), np.uint8)


def _file(picture: QueryPicture) -> tuple[str, bytes]:
    # A file's name may hold bytes that are not valid text.
    return picture.name.encode("utf-8", "replace").decode("utf-8"), picture.data
