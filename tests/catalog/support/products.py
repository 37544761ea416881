"""Products that are searched for."""

from collections.abc import Mapping

from catalog.records.product import AttributeValue, Product
from catalog.search.search import SearchQuery, run_search
from catalog.search.text_index import TextIndex


def product(product_id: str, name: str, description: str = "", **has: AttributeValue) -> Product:
    return Product(product_id, name, description, tuple(has.items()))


def shelf(*products: Product) -> Mapping[str, Product]:
    return {product.product_id: product for product in products}


SHOP = shelf(
    product("oat-milk", "Oat milk", "1 l, unsweetened", brand="Oatly", price=1.99, tags=("vegan",)),
    product("cow-milk", "Whole milk", "from the alps", brand="Alpina", price=1.49),
    product("chocolate", "Chocolate bar", "with milk", brand="Alpina", price=0.99),
    product("creme", "Crème fraîche", brand="Été", price=2.5, tags=("fresh", "vegan-not")),
)


def found(text: str, products: Mapping[str, Product] = SHOP) -> list[str]:
    return list(TextIndex().search(text, products).relevances)


def page(search: SearchQuery) -> list[str]:
    texts = TextIndex().search(search.text, SHOP) if search.text else None
    return [hit.product.product_id for hit in run_search(search, SHOP, 7, texts, None).hits]
