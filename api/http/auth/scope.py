"""What an API key allows."""

from enum import StrEnum


class Scope(StrEnum):
    """What a key allows; `admin` allows everything."""

    READ = "read"
    CATALOG = "catalog"
    LIVE = "live"
    ADMIN = "admin"
