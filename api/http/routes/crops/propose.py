"""The thing that is meant in a picture: the first of two round trips of a search by photo."""

from http import HTTPStatus
from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Query

from api.http.auth.principal import ReadAccess
from api.http.engine import EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.product_forms import Form
from api.http.requests.uploads import picture_body
from api.schemas.proposals import proposals_json
from catalog.ingest.image_file import read_image
from client.proposal_records import ProposalsJson
from matcher.crops.propose.ranking import Point
from matcher.crops.propose.tap import MOST_PROPOSALS, TapError, check_tap, parse_tap

router = APIRouter(prefix="/crops", tags=["crops"])


@router.post(
    "/propose",
    summary="What is meant in a picture?",
    responses=refusals_of(415),
    openapi_extra=picture_body(),
)
async def propose(
    engine: EngineDep,
    _: ReadAccess,
    form: Form,
    point: Annotated[
        str | None, Query(description="A tap on what is meant: x,y in pixels of the picture.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST_PROPOSALS, description="Most proposals in the answer.")
    ] = 5,
) -> ProposalsJson:
    """Box paintings and objects, the likeliest first; the whole picture where nothing stands out.

    A picture of 320 by 480 pixels is enough. Cut what was answered out of the full picture and send
    that to `/v1/catalogs/{catalog}/search`.
    """
    tapped = _tap(point)
    given = form.only_picture()

    def look() -> ProposalsJson:
        began = perf_counter()
        image = read_image(given.data, given.name)
        height, width = image.shape[:2]
        if tapped is not None:
            _check(tapped, width, height)
        found = engine.services.crops.proposer.propose(image, tapped, limit)
        elapsed_ms = 1000 * (perf_counter() - began)
        return proposals_json(given.name, (width, height), found, elapsed_ms)

    return await engine.executor.run(look)


def _tap(text: str | None) -> Point | None:
    try:
        return None if text is None else parse_tap(text)
    except TapError as error:
        raise _invalid(error) from error


def _check(point: Point, width: int, height: int) -> None:
    try:
        check_tap(point, width, height)
    except TapError as error:
        raise _invalid(error) from error


def _invalid(error: TapError) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"query.point: {error}", "invalid")
