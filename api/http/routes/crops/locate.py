"""Is one picture a crop of the other, and where?"""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from api.drawing.thumbnail import data_url
from api.http.auth.principal import ReadAccess
from api.http.engine import EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.product_forms import Form
from api.schemas.located_crops import located_crop_json
from catalog.ingest.image_file import read_image
from client.location_records import LocatedCropJson
from matcher.crops.locate import draw_difference

router = APIRouter(prefix="/crops", tags=["crops"])

_PICTURES: Final = {"type": "array", "items": {"type": "string", "format": "binary"}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"image": _PICTURES}}
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
) -> LocatedCropJson:
    """Two pictures as `image`, in either order: which is the crop, and where it was cut out."""
    if len(form.pictures) != 2:
        detail = f"send two pictures as `image`; there are {len(form.pictures)}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid")
    first, second = form.pictures

    def look() -> LocatedCropJson:
        a, b = read_image(first.data, first.name), read_image(second.data, second.name)
        found = engine.services.crops.locator.locate(a, b, mirrored=mirrored)
        drawn = draw_difference(a, b, found) if difference else None
        shown = None if drawn is None else data_url(drawn)
        return located_crop_json(first.name, second.name, found, shown)

    return await engine.executor.run(look)
