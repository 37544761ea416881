"""Reference images of a product: list, add, take away, and the picture itself."""

import io
from enum import IntEnum
from http import HTTPStatus
from typing import Annotated, Final, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray
from PIL import Image
from typing_extensions import TypedDict

from api.http.auth.principal import CatalogAccess, ReadAccess
from api.http.engine import EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.product_forms import (
    KEEP_FIELD,
    Form,
    IfMatch,
    change_json,
    chosen_pictures,
    form_schema,
    parse_if_match,
    to_precondition_failed,
)
from api.http.requests.uploads import read_object
from api.models.framings import WHOLE
from api.schemas.kept import kept_json
from api.schemas.results import product_json
from catalog.errors import Conflict
from catalog.ingest.image_file import read_image
from catalog.ingest.outline import read_choice
from catalog.snapshot import Catalog
from client.records import KeptImageJson, ReferenceImageJson, WrittenJson
from matcher.imaging.box import Box

router = APIRouter(prefix="/catalogs/{catalog}/products/{product_id}/images", tags=["images"])

# By what the file was found to be when it came in, never by what somebody calls it.
TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "ppm": "image/x-portable-pixmap",
}
QUALITY: Final = 82  # of small JPEGs, where more is not seen
FOREVER: Final = "private, max-age=31536000, immutable"


class Size(IntEnum):
    """Sides of small pictures: few, so that they can be kept by browsers."""

    TINY = 96
    SMALL = 160
    MEDIUM = 320
    LARGE = 640
    HUGE = 1280


Side = Annotated[
    Size | None,
    Query(description="A JPEG of at most so many pixels a side, instead of the file itself."),
]


Shape = Annotated[
    Literal["1:1", "4:3", "3:4", "16:9", "9:16"] | None,
    Query(
        description="With `size`: cut to that width to height, around what the picture shows; the "
        "whole picture where that would cut a product or a face."
    ),
]


class ImagesJson(TypedDict):
    """A product's pictures, and the part that is kept of each."""

    images: list[ReferenceImageJson]
    kept: list[KeptImageJson]


@router.get(
    "",
    summary="List a product's pictures",
    description="What is known of the pictures, and the part that is kept of each.",
    responses=refusals_of(404, 409),
)
async def list_images(
    engine: EngineDep, _: ReadAccess, catalog: str, product_id: str
) -> ImagesJson:
    """List the pictures of a product."""

    def read() -> ImagesJson:
        store = engine.catalogs.store(catalog)
        kept = [kept_json(image) for image in store.kept(product_id)]
        return {"images": product_json(store.product(product_id))["images"], "kept": kept}

    return await engine.executor.run(read)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Add pictures",
    responses=refusals_of(404, 409, 412, 415),
    openapi_extra=form_schema(keep=KEEP_FIELD),
)
async def add_images(
    engine: EngineDep,
    _: CatalogAccess,
    catalog: str,
    product_id: str,
    form: Form,
    response: Response,
    if_match: IfMatch = None,
) -> WrittenJson:
    """Add pictures; those that the product has already are ignored with a note."""
    if not form.pictures:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "send at least one picture", "invalid")
    try:
        change = await engine.executor.run(
            lambda: engine.catalogs.store(catalog).add_images(
                product_id, chosen_pictures(form), if_revision=parse_if_match(if_match)
            )
        )
    except Conflict as error:
        raise to_precondition_failed(error, with_tag=if_match is not None) from error
    return change_json(catalog, change, response)


@router.get(
    "/{image_id}",
    summary="The picture",
    response_class=Response,
    responses={**refusals_of(404), 200: {"content": {"image/*": {}}}},
)
async def get_image(
    engine: EngineDep,
    _: ReadAccess,
    catalog: str,
    product_id: str,
    image_id: str,
    request: Request,
    size: Side = None,
    aspect: Shape = None,
) -> Response:
    """The file as it was given, or a small JPEG of it, or of the most pleasant crop."""
    if aspect is not None and size is None:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "query.aspect: only a small picture is framed; give its size, too: size=320",
            "invalid",
        )
    tag = f'"{image_id[:64]}-{size or 0}{f"-{aspect}" if aspect else ""}"'
    headers = {"Cache-Control": FOREVER, "ETag": tag}

    def read() -> Response:
        snapshot = engine.catalogs.snapshot(catalog)
        extension = _extension(snapshot, product_id, image_id)
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        data = snapshot.picture(image_id)
        if size is not None:
            whole = read_image(data, "the picture")
            framings = engine.services.crops.framings
            part = framings.crop(image_id, lambda: whole, aspect) if aspect else WHOLE
            small = make_thumbnail(whole, size, part)
            return Response(small, media_type=TYPES["jpg"], headers=headers)
        return Response(data, media_type=TYPES[extension], headers=headers)

    return await engine.executor.run(read)


@router.get(
    "/{image_id}/outline",
    summary="Show what is kept of a picture",
    responses=refusals_of(404, 409),
)
async def show_outline(
    engine: EngineDep, _: ReadAccess, catalog: str, product_id: str, image_id: str
) -> KeptImageJson:
    """The kind of picture, the outline of what is product in it, and how that was found."""

    def read() -> KeptImageJson:
        for kept in engine.catalogs.store(catalog).kept(product_id):
            if kept.image_id == image_id:
                return kept_json(kept)
        raise Problem(HTTPStatus.NOT_FOUND, f"product {product_id} has no such picture")

    return await engine.executor.run(read)


@router.put(
    "/{image_id}/outline",
    summary="Choose what is kept of a picture",
    responses=refusals_of(404, 409, 412, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {"keep": [[40, 30], [310, 42], [300, 460], [35, 450]]},
                }
            },
        }
    },
)
async def put_outline(
    engine: EngineDep,
    _: CatalogAccess,
    catalog: str,
    product_id: str,
    image_id: str,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> WrittenJson:
    """Keep all of it ("whole"), what lies in four corners, or what is found ("automatic").

    The picture is encoded anew at once, and stays so when the catalog is encoded by other networks.
    """
    choice = read_choice((await read_object(request)).get("keep"))
    revision = parse_if_match(if_match)
    try:
        change = await engine.executor.run(
            lambda: engine.catalogs.store(catalog).choose_kept(
                product_id, image_id, choice, if_revision=revision
            )
        )
    except Conflict as error:
        raise to_precondition_failed(error, with_tag=if_match is not None) from error
    return change_json(catalog, change, response)


@router.delete("/{image_id}", summary="Take a picture away", responses=refusals_of(404, 409, 412))
def remove_image(
    engine: EngineDep,
    _: CatalogAccess,
    catalog: str,
    product_id: str,
    image_id: str,
    response: Response,
    if_match: IfMatch = None,
) -> WrittenJson:
    """Take a picture away; the last one stays."""
    try:
        change = engine.catalogs.store(catalog).remove_images(
            product_id, [image_id], if_revision=parse_if_match(if_match)
        )
    except Conflict as error:
        raise to_precondition_failed(error, with_tag=if_match is not None) from error
    return change_json(catalog, change, response)


def make_thumbnail(image: NDArray[np.uint8], side: int, part: Box = WHOLE) -> bytes:
    """Return a JPEG of a part of a picture, at most `side` pixels a side.

    Args:
        image: (H, W, 3) RGB.
        side: in pixels.
        part: in shares of the picture's sides.
    """
    height, width = image.shape[:2]
    box = Box(part.left * width, part.top * height, part.right * width, part.bottom * height)
    picture = Image.fromarray(box.crop(image))
    picture.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _extension(snapshot: Catalog, product_id: str, image_id: str) -> str:
    product = snapshot.products.get(product_id)
    for image in product.images if product else ():
        if image.image_id == image_id:
            return image.extension
    raise Problem(HTTPStatus.NOT_FOUND, f"product {product_id} has no such picture")
