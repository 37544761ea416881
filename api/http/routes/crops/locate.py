"""Is one picture a crop of the other, and where? Of many, of which?"""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from api.drawing.thumbnail import data_url
from api.http.auth.principal import ReadAccess
from api.http.engine import Engine, EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.product_forms import Form
from api.http.requests.uploads import Upload
from api.models.crop_search import AmongFinding, most_telling_first, worth_comparing
from api.schemas.located_crops import (
    located_among_answer_json,
    located_among_json,
    located_crop_json,
)
from catalog.ingest.image_file import ImageFile, read_image
from client.location_records import LocatedAmongJson, LocatedCropJson
from matcher.crops.locate import draw_difference

router = APIRouter(prefix="/crops", tags=["crops"])

MOST_AMONG: Final = 32  # pictures that one is compared with: half a minute at 12 megapixels
MOST_AMONG_BYTES: Final = 100_000_000  # of all of them; a form lies in memory
_AMONG: Final = "among"  # the form's field of the many
_PICTURES: Final = {"type": "array", "items": {"type": "string", "format": "binary"}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": {
                            **_PICTURES,
                            "description": f"Two pictures; one where there are some as `{_AMONG}`.",
                        },
                        _AMONG: {
                            **_PICTURES,
                            "maxItems": MOST_AMONG,
                            "description": "Which of these is `image` cut from?",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "/locate",
    summary="Is one picture a crop of the other, and where?",
    responses=refusals_of(415),
    openapi_extra=_BODY,
)
async def locate_crop(
    engine: EngineDep,
    _: ReadAccess,
    form: Form,
    mirrored: Annotated[bool, Query(description="A mirror image counts, too.")] = False,
    difference: Annotated[
        bool, Query(description="Answer a picture of what differs, as a data URL.")
    ] = False,
) -> LocatedCropJson | LocatedAmongJson:
    """Two pictures as `image`, in either order: which is the crop, and where it was cut out.

    Or one as `image` and up to 32 as `among`: which of them it was cut from, the most telling
    answer first.
    """
    if form.pictures_as(_AMONG):
        if difference:
            raise _invalid("query.difference: it is drawn for two pictures alone; leave it out")
        return await _locate_among(engine, form, mirrored=mirrored)
    if len(form.pictures) != 2:
        raise _invalid(f"send two pictures as `image`; there are {len(form.pictures)}")
    first, second = form.pictures

    def look() -> LocatedCropJson:
        a, b = read_image(first.data, first.name), read_image(second.data, second.name)
        found = engine.services.crops.locator.locate(a, b, mirrored=mirrored)
        drawn = draw_difference(a, b, found) if difference else None
        shown = None if drawn is None else data_url(drawn)
        return located_crop_json(first.name, second.name, found, shown)

    return await engine.executor.run(look)


async def _locate_among(engine: Engine, form: Upload, *, mirrored: bool) -> LocatedAmongJson:
    picture, others = _one_and_many(form)
    run = engine.executor.run
    wanted = await run(read_image, picture.data, picture.name)
    readers = [partial(read_image, other.data, other.name) for other in others]
    compared = await run(worth_comparing, wanted, readers)

    def look(index: int) -> AmongFinding:
        locator = engine.services.crops.locator
        return AmongFinding(index, locator.locate(wanted, readers[index](), mirrored=mirrored))

    # One after the other, so that whoever else asks gets a turn.
    found = most_telling_first([await run(look, index) for index in compared])
    answers = [
        located_among_answer_json(
            picture.name, others[finding.index].name, finding.location, finding.index
        )
        for finding in found
    ]
    return located_among_json(picture.name, len(others), answers)


def _one_and_many(form: Upload) -> tuple[ImageFile, tuple[ImageFile, ...]]:
    """Return the picture that is looked for, and those that it may be cut from.

    Raises:
        Problem: there is not one, or too many, or too large ones, to compare it with.
    """
    others = form.pictures_as(_AMONG)
    wanted = [
        picture for picture, part in zip(form.pictures, form.parts, strict=True) if part != _AMONG
    ]
    if len(wanted) != 1:
        raise _invalid(f"send one picture as `image` beside `{_AMONG}`; there are {len(wanted)}")
    if len(others) > MOST_AMONG:
        raise _invalid(f"{_AMONG}: there are {len(others)} pictures; send at most {MOST_AMONG}")
    size = sum(len(picture.data) for picture in others)
    if size > MOST_AMONG_BYTES:
        most = MOST_AMONG_BYTES // 1_000_000
        detail = f"{_AMONG}: the pictures have {size / 1e6:.1f} MB; send at most {most}"
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    return wanted[0], others


def _invalid(detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid")
