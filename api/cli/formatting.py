"""How verdicts, products and files look in tables."""

from typing import TYPE_CHECKING, Final

from rich.text import Text

from api.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.records.product import AttributeValue, Product

STYLES: Final = {"identical": "bold green", "similar": "yellow", "unknown": "dim"}
MARKS: Final = {"identical": "●", "similar": "◐", "unknown": "○"}


def verdict_text(verdict: str) -> Text:
    """A verdict in its colour, with a mark for those who do not see it."""
    return Text(f"{MARKS[verdict]} {verdict}", STYLES[verdict])


def product_text(product_id: str | None, products: "Mapping[str, Product]") -> Text:
    """A product's name, with its id where that says more."""
    product = products.get(product_id) if product_id is not None else None
    if product is None:
        return Text(product_id or "")
    if product.name in ("", product.product_id):
        return Text(product.product_id)
    return Text.assemble(printable(product.name), (f"  {product.product_id}", "dim"))


def attribute_text(value: "AttributeValue") -> str:
    """A product's attribute: a list's parts joined, a number without needless digits."""
    if isinstance(value, tuple):
        return "+".join(value)
    return f"{value:g}" if isinstance(value, float) else value


def shorten_path(path: str, width: int) -> str:
    """A path whose end is kept: that is where the file's name is."""
    shown = printable(path)
    return shown if len(shown) <= width else "…" + shown[len(shown) - width + 1 :]
