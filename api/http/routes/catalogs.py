"""Catalogs: list, make, show, delete."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.http.auth.principal import CatalogAccess, ReadAccess
from api.http.engine import EngineDep
from api.http.problems import refusals_of
from api.http.requests.pagination import decode_text_cursor, paginate
from api.schemas.results import calibration_json, catalog_json, part_ids_json
from catalog.snapshot import Catalog
from client.records import CatalogJson, ShownCatalogJson

router = APIRouter(prefix="/catalogs", tags=["catalogs"])

MinVersion = Annotated[
    int, Query(ge=0, le=2**53, description="Wait for this `index_version` (seconds, then 503).")
]
Limit = Annotated[int, Query(ge=1, le=500, description="Entries on a page.")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the last page.")]

EXAMPLE = {"catalog": "shop", "index_version": 41, "products": 12, "images": 37}
SHOWN = {
    **EXAMPLE,
    "part_ids": {"crop": "1", "embedding": "9c2f…", "local": "41ab…"},
    "calibrations": [],
}


class NewCatalog(BaseModel):
    """A catalog to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"catalog": "shop"}})

    catalog: str = Field(min_length=1, max_length=128)


class CatalogsJson(TypedDict):
    """All catalogs of one's own."""

    catalogs: list[CatalogJson]
    next_cursor: str | None


@router.get("", summary="List catalogs", responses=refusals_of())
def list_catalogs(
    engine: EngineDep, principal: ReadAccess, limit: Limit = 100, cursor: Cursor = None
) -> CatalogsJson:
    """Catalogs that the key may see, by name."""
    names = principal.visible(engine.catalogs.names())
    page_names, more = paginate(names, decode_text_cursor(cursor), limit)
    return {"catalogs": [summarise_catalog(engine.catalogs.snapshot(name)) for name in page_names],
            "next_cursor": more}  # fmt: skip


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Make a catalog",
    responses={**refusals_of(409), 201: {"content": {"application/json": {"example": EXAMPLE}}}},
)
def create_catalog(
    engine: EngineDep, principal: CatalogAccess, order: NewCatalog, response: Response
) -> CatalogJson:
    """Make an empty catalog; the first one waits for the networks."""
    principal.check(order.catalog)
    engine.catalogs.create(order.catalog)
    response.headers["Location"] = f"/v1/catalogs/{order.catalog}"
    return summarise_catalog(engine.catalogs.snapshot(order.catalog))


@router.get(
    "/{catalog}",
    summary="Show a catalog",
    responses={**refusals_of(404, 409), 200: {"content": {"application/json": {"example": SHOWN}}}},
)
def show_catalog(
    engine: EngineDep, _: ReadAccess, catalog: str, min_version: MinVersion = 0
) -> ShownCatalogJson:
    """A catalog in numbers, and the networks that encoded it."""
    snapshot = engine.catalogs.snapshot(catalog, min_version)
    encoded = part_ids_json(snapshot.part_ids)
    calibrations = [calibration_json(calibration) for calibration in snapshot.calibrations.values()]
    return {**summarise_catalog(snapshot), "part_ids": encoded, "calibrations": calibrations}


@router.delete(
    "/{catalog}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a catalog",
    responses=refusals_of(404),
)
def delete_catalog(engine: EngineDep, _: CatalogAccess, catalog: str) -> None:
    """Delete a catalog with all its products and pictures, for ever."""
    engine.catalogs.delete(catalog)


def summarise_catalog(snapshot: Catalog) -> CatalogJson:
    """Return a catalog in numbers."""
    return catalog_json(snapshot.name, snapshot.index_version, snapshot.products.values())
