"""The most pleasant crop of a picture at wanted aspects."""

from http import HTTPStatus
from time import perf_counter
from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.drawing.thumbnail import cut_thumbnail, data_url, draw_saliency
from api.http.auth.principal import ReadAccess
from api.http.engine import EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.product_forms import Form
from api.http.requests.uploads import picture_body
from api.schemas.thumbnails import thumbnails_json
from catalog.ingest.image_file import read_image
from client.thumbnail_records import ThumbnailsJson
from matcher.crops.thumbnail.aspect import Aspect, AspectError, check_height

router = APIRouter(prefix="/crops", tags=["crops"])

MOST_ASPECTS: Final = 10  # of one picture; each takes a few milliseconds
WIDEST_PX: Final = 4096  # and highest, of a picture in the answer


@router.post(
    "/thumbnail",
    summary="The most pleasant crop at wanted aspects",
    responses=refusals_of(415),
    openapi_extra=picture_body(),
)
async def thumbnail(
    engine: EngineDep,
    _: ReadAccess,
    form: Form,
    aspect: Annotated[
        list[str],
        Query(description="Width to height, such as 16:9; several may be given."),
    ] = ["1:1"],  # noqa: B006 -- FastAPI copies it
    width: Annotated[
        int | None,
        Query(ge=1, le=WIDEST_PX, description="Pixels of `picture`; as cut if left out."),
    ] = None,
    saliency: Annotated[bool, Query(description="Add the map of what draws the eye.")] = False,
    pictures: Annotated[bool, Query(description="Add the cut thumbnails as JPEG.")] = False,
) -> ThumbnailsJson:
    """Frame a picture: faces and products are kept whole where they fit, the rest is ranked."""
    aspects = parse_aspects(aspect)
    if width is not None:
        _check_heights(aspects, width)
    given = form.only_picture()

    def frame() -> ThumbnailsJson:
        image = read_image(given.data, given.name)
        framer = engine.services.crops.framer
        began = perf_counter()
        scene = framer.look(image)
        framed = [framer.frame(scene, wanted) for wanted in aspects]
        elapsed_ms = 1000 * (perf_counter() - began)
        answer = thumbnails_json(given.name, scene, framed, elapsed_ms)
        if saliency:
            answer["saliency"] = data_url(draw_saliency(scene.saliency, scene.width, scene.height))
        if pictures:
            for record, crop in zip(answer["thumbnails"], framed, strict=True):
                record["picture"] = data_url(cut_thumbnail(image, crop.best.box, width))
        return answer

    return await engine.executor.run(frame)


def parse_aspects(texts: list[str]) -> list[Aspect]:
    """Read the query's aspects.

    Raises:
        Problem: one is misspelt or too extreme, or there are too many.
    """
    if len(texts) > MOST_ASPECTS:
        raise _invalid(f"there are {len(texts)}; ask for at most {MOST_ASPECTS} at once")
    try:
        return [Aspect.parse(text) for text in texts]
    except AspectError as error:
        raise _invalid(str(error)) from error


def _check_heights(aspects: list[Aspect], width: int) -> None:
    try:
        for aspect in aspects:
            check_height(aspect, width, WIDEST_PX)
    except AspectError as error:
        raise _invalid(str(error), "width") from error


def _invalid(detail: str, field: str = "aspect") -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"query.{field}: {detail}", "invalid")
