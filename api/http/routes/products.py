"""Products of a catalog: add, show, change, remove, bring back."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response
from typing_extensions import TypedDict

from api.http.auth.principal import CatalogAccess, ReadAccess
from api.http.engine import EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.pagination import decode_text_cursor, paginate
from api.http.requests.product_forms import (
    KEEP_FIELD,
    Form,
    IfMatch,
    change_json,
    chosen_pictures,
    etag_of,
    form_schema,
    parse_if_match,
    to_precondition_failed,
)
from api.http.requests.uploads import Upload, read_object
from api.http.routes.catalogs import Cursor, Limit, MinVersion
from api.schemas.results import product_json
from catalog.errors import Conflict
from catalog.records.product import AttributeValue, Product
from catalog.store import CatalogStore, ChangeResult
from client.records import ProductJson, WrittenJson

router = APIRouter(prefix="/catalogs/{catalog}/products", tags=["products"])


_TEXTS: Final = frozenset({"name", "description"})
_CHANGEABLE: Final = _TEXTS | {"attributes"}

EXAMPLE: Final = {
    "product_id": "oat-milk",
    "name": "Oat milk",
    "description": "",
    "attributes": {"brand": "Oatly", "price": 2.2},
    "images": [],
    "revision": 3,
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T03:04:05Z",
}


class ProductsJson(TypedDict):
    """One page of products."""

    catalog: str
    index_version: int
    total: int
    products: list[ProductJson]
    next_cursor: str | None


_FIELDS: Final = {
    "name": "for people; the id when left out",
    "description": "free text",
    "attributes": 'a JSON object, such as {"brand": "Oatly", "price": 2.2}',
    "keep": KEEP_FIELD,
}


@router.get("", summary="List products", responses=refusals_of(404, 409))
def list_products(
    engine: EngineDep,
    _: ReadAccess,
    catalog: str,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_version: MinVersion = 0,
    removed: bool = False,
) -> ProductsJson:
    """Products by id; `removed=true` lists instead those that were removed and can be restored."""
    snapshot = engine.catalogs.snapshot(catalog, min_version)
    products: Mapping[str, Product] = snapshot.products
    if removed:
        products = engine.catalogs.store(catalog).state().removed
    shown, more = paginate(list(products), decode_text_cursor(cursor), limit)
    return {
        "catalog": catalog,
        "index_version": snapshot.index_version,
        "total": len(products),
        "products": [product_json(products[product_id]) for product_id in shown],
        "next_cursor": more,
    }


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Add a product",
    responses=refusals_of(404, 409, 415),
    openapi_extra=form_schema(product_id="its id", **_FIELDS),
)
async def add_product(
    engine: EngineDep, _: CatalogAccess, catalog: str, form: Form, response: Response
) -> WrittenJson:
    """Add a product with its pictures; all of it or nothing."""
    product_id = form.text("product_id")
    change = await engine.executor.run(
        lambda: _add(engine.catalogs.store(catalog), product_id, form)
    )
    response.headers["Location"] = f"/v1/catalogs/{catalog}/products/{product_id}"
    return change_json(catalog, change, response)


@router.get(
    "/{product_id}",
    summary="Show a product",
    response_model=ProductJson,
    responses={
        **refusals_of(404, 409),
        304: {"description": "it is as it was"},
        200: {"content": {"application/json": {"example": EXAMPLE}}},
    },
)
def show_product(
    engine: EngineDep,
    _: ReadAccess,
    catalog: str,
    product_id: str,
    request: Request,
    response: Response,
    min_version: MinVersion = 0,
) -> ProductJson | Response:
    """A product with its pictures' ids; its ETag goes into `If-Match` of a change."""
    snapshot = engine.catalogs.snapshot(catalog, min_version)
    product = snapshot.products.get(product_id)
    if product is None:
        product = engine.catalogs.store(catalog).product(product_id)
    tag = etag_of(product)
    response.headers["ETag"] = tag
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return product_json(product)


@router.put(
    "/{product_id}",
    summary="Put a product in its place",
    responses={**refusals_of(404, 409, 412, 415), 201: {"description": "it is new"}},
    openapi_extra=form_schema(**_FIELDS),
)
async def put_product(
    engine: EngineDep,
    _: CatalogAccess,
    catalog: str,
    product_id: str,
    form: Form,
    response: Response,
    if_match: IfMatch = None,
    if_none_match: Annotated[str | None, Header(description="`*`: only if it is new.")] = None,
) -> WrittenJson:
    """Add a product, or give one these texts, attributes and pictures instead of its own."""
    revision = parse_if_match(if_match)
    only_new = (if_none_match or "").strip() == "*"
    with_revision = if_match is not None

    def put() -> tuple[ChangeResult, bool]:
        store = engine.catalogs.store(catalog)
        before = store.state().products.get(product_id)
        if before is None and with_revision:
            raise Problem(HTTPStatus.PRECONDITION_FAILED, f"there is no product {product_id}")
        if before is None:
            return _add(store, product_id, form), True
        if only_new:
            raise Problem(HTTPStatus.PRECONDITION_FAILED, f"there is a product {product_id}")
        return _replace(store, product_id, form, revision), False

    change, is_new = await engine.executor.run(put)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return change_json(catalog, change, response)


@router.patch(
    "/{product_id}",
    summary="Change what is said of a product",
    responses=refusals_of(404, 409, 412, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/merge-patch+json": {
                    "schema": {"type": "object"},
                    "example": {"name": "Oat milk", "attributes": {"price": 2.4, "old": None}},
                }
            },
        }
    },
)
async def patch_product(
    engine: EngineDep,
    _: CatalogAccess,
    catalog: str,
    product_id: str,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> WrittenJson:
    """Change name, description or single attributes (null takes one away); the rest stays."""
    payload = await read_object(request)
    unknown = sorted(set(payload) - _CHANGEABLE)
    if unknown:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{unknown[0]} cannot be changed", "invalid")
    fields = Upload(fields=payload)
    texts = {name: fields.text(name) for name in _TEXTS & set(payload)}
    changes = fields.record("attributes")
    revision = parse_if_match(if_match)

    def patch() -> ChangeResult:
        store = engine.catalogs.store(catalog)
        with_tag = if_match is not None
        try:
            return store.update_product(
                product_id,
                name=texts.get("name"),
                description=texts.get("description"),
                attribute_changes=changes,
                if_revision=revision,
            )
        except Conflict as error:
            raise to_precondition_failed(error, with_tag=with_tag) from error

    return change_json(catalog, await engine.executor.run(patch), response)


@router.delete("/{product_id}", summary="Remove a product", responses=refusals_of(404, 409, 412))
def remove_product(
    engine: EngineDep, _: CatalogAccess, catalog: str, product_id: str, if_match: IfMatch = None
) -> WrittenJson:
    """Take a product out; it can be restored for 30 days."""
    try:
        change = engine.catalogs.store(catalog).remove_product(
            product_id, if_revision=parse_if_match(if_match)
        )
    except Conflict as error:
        raise to_precondition_failed(error, with_tag=if_match is not None) from error
    return change_json(catalog, change)


@router.post(
    "/{product_id}/restore", summary="Bring a product back", responses=refusals_of(404, 409)
)
async def restore_product(
    engine: EngineDep, _: CatalogAccess, catalog: str, product_id: str, response: Response
) -> WrittenJson:
    """Undo a removal, pictures included."""
    change = await engine.executor.run(
        lambda: engine.catalogs.store(catalog).restore_product(product_id)
    )
    return change_json(catalog, change, response)


def _add(store: CatalogStore, product_id: str, form: Upload) -> ChangeResult:
    return store.add_product(
        product_id,
        chosen_pictures(form),
        name=form.text("name") or None,
        description=form.text("description"),
        attributes=form_attributes(form),
    )


def _replace(
    store: CatalogStore, product_id: str, form: Upload, revision: int | None
) -> ChangeResult:
    try:
        change: ChangeResult | None = None
        if form.pictures:
            pictures = chosen_pictures(form)
            change = store.replace_images(product_id, pictures, if_revision=revision)
            revision = None if revision is None else change.product.revision
        after = store.update_product(
            product_id,
            name=form.text("name"),
            description=form.text("description"),
            attributes=form_attributes(form),
            if_revision=revision,
        )
    except Conflict as error:
        raise to_precondition_failed(error, with_tag=revision is not None) from error
    if change is None:
        return after
    return ChangeResult(
        after.index_version,
        after.product,
        change.notes + after.notes,
        change.issues,
        change.kept,
    )


def form_attributes(form: Upload) -> Mapping[str, AttributeValue]:
    """Return the attributes of a form; the catalog checks them."""
    return dict(form.record("attributes") or {})
