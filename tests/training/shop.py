"""The rendered shop, drawn once for all tests that look at it."""

from functools import cache

from training.render.shop import PackagedProduct, make_products, make_stranger

SEED = 7


@cache
def products() -> tuple[PackagedProduct, ...]:
    return make_products(SEED)


@cache
def product_ids() -> frozenset[str]:
    return frozenset(product.product_id for product in products())


@cache
def stranger() -> PackagedProduct:
    return make_stranger(SEED)


def product(product_id: str) -> PackagedProduct:
    return next(product for product in products() if product.product_id == product_id)
