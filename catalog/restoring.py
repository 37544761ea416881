"""How long a removed product can be brought back."""

from datetime import datetime, timedelta
from typing import Final

from catalog.errors import NotFound
from catalog.product import Product

RESTORE_DAYS: Final = 30


def is_restorable(product: Product, at: str) -> bool:
    """Whether a removed product's pictures are still kept.

    Args:
        product: its last record; it was updated when it was removed.
        at: ISO 8601, UTC.
    """
    removed = datetime.fromisoformat(product.updated_at)
    return datetime.fromisoformat(at) - removed <= timedelta(days=RESTORE_DAYS)


def check_restorable(product: Product, at: str) -> None:
    """Refuse to restore what may be gone.

    Raises:
        NotFound: it was removed too long ago.
    """
    if not is_restorable(product, at):
        raise NotFound(
            f"product {product.product_id} was removed more than {RESTORE_DAYS} days ago and its "
            "pictures are gone; add it again"
        )
