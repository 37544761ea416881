"""Forms, entity tags and answers of the routes that change products."""

import re
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Response

from api.http.problems import Problem
from api.http.requests.queries import read_known_upload
from api.http.requests.uploads import Upload, parse_json
from api.schemas.kept import kept_json
from api.schemas.results import product_json
from catalog.errors import AlreadyExists, Conflict
from catalog.ingest.image_file import ImageFile
from catalog.ingest.outline import read_choice
from catalog.records.product import Product
from catalog.store import ChangeResult
from client.records import WrittenJson

IfMatch = Annotated[str | None, Header(description='The product\'s ETag, such as "3".')]
Form = Annotated[Upload, Depends(read_known_upload)]

KEEP_FIELD: Final = (
    "what to keep of the pictures: whole, automatic, or the four corners of the product, such as "
    "[[10, 20], [300, 20], [300, 400], [10, 400]], in pixels of the upright picture"
)
_TAG: Final = re.compile(r'"(\d{1,15})"')


def form_schema(**properties: str) -> dict[str, Any]:
    """Return OpenAPI's description of a form with pictures."""
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    described = {name: {"type": "string", "description": text} for name, text in properties.items()}
    schema = {"type": "object", "properties": {**described, "images": files}}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def chosen_pictures(form: Upload) -> tuple[ImageFile, ...]:
    """Return a form's pictures, each with what the field `keep` says to keep of them.

    Raises:
        Invalid: the field says something else.
    """
    given = form.fields.get("keep")
    if given is None:
        return form.pictures
    if isinstance(given, str) and given.lstrip().startswith("["):
        given = parse_json(given.encode(), "keep")
    choice = read_choice(given)
    return tuple(replace(picture, choice=choice) for picture in form.pictures)


def etag_of(product: Product) -> str:
    """Return a product's entity tag."""
    return f'"{product.revision}"'


def parse_if_match(if_match: str | None) -> int | None:
    """Return the revision that `If-Match` asks for; None for any.

    Raises:
        Problem: it is no tag of a product.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    known = _TAG.fullmatch(if_match.strip())
    if known is None:
        raise Problem(
            HTTPStatus.PRECONDITION_FAILED, 'If-Match is no tag of a product, such as "3"'
        )
    return int(known[1])


def to_precondition_failed(error: Conflict, *, with_tag: bool) -> Exception:
    """Return 412 for a failed precondition; any other conflict as it is."""
    if not with_tag or isinstance(error, AlreadyExists):
        return error
    return Problem(HTTPStatus.PRECONDITION_FAILED, str(error))


def change_json(
    catalog: str, change: ChangeResult, response: Response | None = None
) -> WrittenJson:
    """Return the outcome of a change, and put the new tag into the response."""
    if response is not None:
        response.headers["ETag"] = etag_of(change.product)
    return {
        "catalog": catalog,
        "index_version": change.index_version,
        "product": product_json(change.product),
        "notes": list(change.notes),
        "findings": [
            {
                "fault": str(issue.kind),
                "picture": issue.picture,
                "sentence": issue.sentence,
                "product_id": issue.product_id,
                "similarity": issue.similarity,
            }
            for issue in change.issues
        ],
        "kept": [kept_json(kept) for kept in change.kept],
    }
