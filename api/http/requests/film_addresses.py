"""Films in buckets: which `s3://` address a request may name."""

import re
from http import HTTPStatus
from typing import Final

from api.http.auth.principal import Principal
from api.http.problems import Problem
from api.http.requests.uploads import Json
from api.settings import Settings

_S3: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{2,62}/[^\x00-\x1f\ud800-\udfff]{1,1000}")
# Servers and proxies before them may resolve these, and so leave the folder that was compared.
_RESOLVED: Final = ("", ".", "..")


def parse_film_address(payload: Json) -> str:
    """Return the address that a body names.

    Raises:
        Problem: it names none.
    """
    address = payload.get("address")
    if set(payload) != {"address"} or not isinstance(address, str) or not _S3.fullmatch(address):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, 'send {"address": "s3://bucket/key"}', "invalid"
        )
    return address


def check_film_address(address: str, principal: Principal, settings: Settings) -> None:
    """Check that a key may have a film fetched, which the service does with its own credentials.

    In the bucket that holds the catalogs, a key of some catalogs may name what lies in these
    catalogs' folders, and nothing else.

    Raises:
        Problem: it may not.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    if not principal.catalogs or bucket != settings.s3_bucket.lower():
        return
    root = f"{settings.s3_prefix}/" if settings.s3_prefix else ""
    catalog, _, rest = key.removeprefix(root).partition("/")
    inside = key.startswith(root) and bool(rest) and principal.sees(catalog)
    if not inside or any(part in _RESOLVED for part in key.split("/")):
        own = " or ".join(f"s3://{bucket}/{root}{name}/" for name in sorted(principal.catalogs))
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"this key may not read {address}: where the catalogs lie, it may name what is below "
            f"{own}",
        )
