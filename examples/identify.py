"""Identify products on a photo: python examples/identify.py CATALOG PHOTO."""

import sys

import skulens

with skulens.open_catalog(sys.argv[1]) as catalog:
    for product in catalog.identify(sys.argv[2]).products:
        print(product.verdict, product.product_id, f"{product.probability:.0%}", product.box)
