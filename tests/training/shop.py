"""The rendered shop, drawn once for all tests that look at it."""

from functools import cache

from training.render.shop import Packaged, make_products, make_stranger

SEED = 7


@cache
def products() -> tuple[Packaged, ...]:
    return make_products(SEED)


@cache
def stranger() -> Packaged:
    return make_stranger(SEED)


def product(product_id: str) -> Packaged:
    return next(each for each in products() if each.product_id == product_id)
