"""The scopes of API keys."""

from enum import StrEnum


class Scope(StrEnum):
    """A kind of requests that a key allows; `admin` allows all."""

    READ = "read"
    CATALOG = "catalog"
    LIVE = "live"
    ADMIN = "admin"
