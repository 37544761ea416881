"""Errors of a catalog; every message is one sentence for people."""


class CatalogError(Exception):
    """Base of everything this package raises; raised itself for damaged data."""


class NotFound(CatalogError):
    """A catalog, product, picture or stored object does not exist."""


class AlreadyExists(CatalogError):
    """A catalog, product or target of an export is there already."""


class Invalid(CatalogError):
    """An id, attribute, manifest or encoding breaks a rule."""


class NewerFormat(CatalogError):
    """A newer skulens wrote this; what is older can be read, nothing can be written."""


class VersionNotReached(CatalogError):
    """The version that was asked for has not been seen within the wait."""


class Conflict(CatalogError):
    """Something else was written first, or the catalog belongs to other networks."""


class PictureError(CatalogError):
    """A picture cannot be read or is too small or too large.

    Attributes:
        name: of the picture.
    """

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class StorageUnavailable(CatalogError):
    """The storage refused: read-only, full, not allowed, unreachable; nothing was written."""


class Undetermined(StorageUnavailable):
    """The storage did not say whether it wrote; asking again finds out."""


class MissingEntry(StorageUnavailable):
    """An entry of the journal is gone while later ones were written; nothing was written."""
