"""What people call a product."""

from catalog.snapshot import Catalog


def product_name(product_id: str | None, catalog: Catalog) -> str:
    """For people; the id where the catalog has no name."""
    product = catalog.products.get(product_id) if product_id is not None else None
    return product.name if product is not None else product_id or "unknown"
