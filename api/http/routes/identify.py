"""Finding products in a picture, explaining an answer, and searching a catalog."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.http.auth.principal import ReadAccess
from api.http.engine import Engine, EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.pagination import decode_offset, encode_cursor
from api.http.requests.product_forms import Form
from api.http.requests.uploads import Json, Upload, picture_body
from api.http.routes.catalogs import MinVersion
from api.schemas.results import explanation_json, identification_json
from api.schemas.search import search_page_json
from catalog.ingest.image_file import ImageFile, read_image
from catalog.search.filters import parse_conditions
from catalog.search.search import SearchQuery
from client.records import ExplainedJson, FoundPageJson, IdentificationJson
from matcher.decision.explain import Explanation

router = APIRouter(prefix="/catalogs/{catalog}", tags=["identify"])


@router.post(
    "/identify",
    summary="What is in a picture?",
    responses=refusals_of(404, 409, 415),
    openapi_extra=picture_body(),
)
async def identify(
    engine: EngineDep,
    _: ReadAccess,
    catalog: str,
    form: Form,
    request: Request,
    min_version: MinVersion = 0,
    whole_image: Annotated[
        bool, Query(description="It shows one product and little else.")
    ] = False,
) -> IdentificationJson:
    """Find the catalog's products in a picture, most probable first."""
    picture = form.only_picture()

    def look() -> IdentificationJson:
        snapshot = engine.catalogs.snapshot(catalog, min_version)
        image = read_image(picture.data, picture.name)
        found = engine.finder.identify(image, snapshot, whole_image=whole_image)
        engine.metrics.identified(found.elapsed)
        request.state.stages = found.elapsed.public()  # for traces
        return identification_json(picture.name, found)

    return await engine.executor.run(look)


@router.post(
    "/explain",
    summary="Why this product, why not that one?",
    responses=refusals_of(404, 409, 415),
    openapi_extra=picture_body(),
)
async def explain(
    engine: EngineDep,
    _: ReadAccess,
    catalog: str,
    form: Form,
    product_id: Annotated[str, Query(max_length=128)],
) -> ExplainedJson:
    """Which gate the product passes in the picture, and which one loses it."""
    picture = form.only_picture()

    def look() -> ExplainedJson:
        snapshot = engine.catalogs.snapshot(catalog)
        engine.catalogs.store(catalog).product(product_id)
        image = read_image(picture.data, picture.name)
        explanation = engine.finder.explain(image, snapshot, product_id)
        return _explanation_json(picture, explanation)

    return await engine.executor.run(look)


@router.post(
    "/search",
    summary="Products by words, attributes and likeness",
    responses=refusals_of(404, 409, 415),
    openapi_extra=picture_body(
        {"text": "oat milk", "where": ["price<=3"], "facets": ["brand"], "limit": 20},
        query={"type": "string", "description": "the JSON object, beside an image"},
    ),
)
async def search(
    engine: EngineDep, _: ReadAccess, catalog: str, form: Form, min_version: MinVersion = 0
) -> FoundPageJson:
    """JSON `{text, where, facets, limit, cursor}`, or a form with `image` and that as `query`.

    Instead of a cursor, `offset` passes over so many.
    """
    query = _parse_query(form)
    return await engine.executor.run(_search, engine, catalog, form, query, min_version)


def _search(
    engine: Engine, catalog: str, form: Upload, query: SearchQuery, min_version: int
) -> FoundPageJson:
    snapshot = engine.catalogs.snapshot(catalog, min_version)
    if form.pictures:
        picture = form.only_picture()
        image = read_image(picture.data, picture.name)
        found = engine.searcher.search(snapshot, query, image)
    else:
        found = snapshot.search(query)
    end = query.offset + len(found.hits)
    more = encode_cursor(end) if end < found.total else None
    return {**search_page_json(catalog, found, query.offset), "next_cursor": more}


def _parse_query(form: Upload) -> SearchQuery:
    payload = (form.record("query") or {}) if form.pictures else form.fields
    text, limit, cursor = payload.get("text", ""), payload.get("limit", 20), payload.get("cursor")
    if not isinstance(text, str) or isinstance(limit, bool) or not isinstance(limit, int):
        raise _invalid("text must be a text and limit a whole number")
    if cursor is not None and not isinstance(cursor, str):
        raise _invalid("cursor must be a text")
    offset = payload.get("offset", 0)
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise _invalid("offset must be a whole number")
    return SearchQuery(
        text[:1000],
        parse_conditions(_texts(payload, "where")),
        tuple(_texts(payload, "facets")),
        offset if cursor is None else decode_offset(cursor),
        limit,
    )


def _texts(payload: Json, name: str) -> list[str]:
    value = payload.get(name) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _invalid(f"{name} must be a list of texts")
    return value


def _explanation_json(picture: ImageFile, explanation: Explanation) -> ExplainedJson:
    check = explanation.match.verification if explanation.match else None
    pairs = [] if check is None else check.correspondences.tolist()
    return {
        **explanation_json(picture.name, explanation),
        "correspondences": [[round(float(value), 1) for value in pair] for pair in pairs],
        "reference_image": None if check is None else check.image_id,
    }


def _invalid(detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid")
