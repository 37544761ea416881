"""What routes that change products share: forms, entity tags, and what a change answers."""

import re
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Response

from api.http.problems import Problem
from api.http.requests.uploads import Upload, read_upload
from api.schemas.results import product_json
from catalog.errors import AlreadyExists, Conflict
from catalog.records.product import Product
from catalog.store import ChangeResult
from client.records import WrittenJson

IfMatch = Annotated[str | None, Header(description='The product\'s ETag, such as "3".')]
Form = Annotated[Upload, Depends(read_upload)]

_TAG: Final = re.compile(r'"(\d{1,15})"')


def form_schema(**properties: str) -> dict[str, Any]:
    """What OpenAPI says of a form with pictures."""
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    described = {name: {"type": "string", "description": said} for name, said in properties.items()}
    schema = {"type": "object", "properties": {**described, "images": files}}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def etag_of(product: Product) -> str:
    """A product's entity tag."""
    return f'"{product.revision}"'


def parse_if_match(if_match: str | None) -> int | None:
    """The revision that `If-Match` asks for; None for any.

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
    """412 for who gave a tag; everybody else's conflict is none of a precondition."""
    if not with_tag or isinstance(error, AlreadyExists):
        return error
    return Problem(HTTPStatus.PRECONDITION_FAILED, str(error))


def change_json(
    catalog: str, change: ChangeResult, response: Response | None = None
) -> WrittenJson:
    """What a write did, with the new tag."""
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
    }
