"""A process that goes on serving catalogs: a command on each line of its stdin, an answer for each.

`open PLACE` opens the catalog of a storage, `add ID SEED` adds a product to it, and `fill NAME`
adds products until one is refused. An answer is JSON: `done`, the products that were acknowledged,
and `refused`, the sentence for what was not.
"""

import json
import sys
from itertools import count

from catalog.errors import CatalogError
from catalog.store import CatalogStore
from tests.catalog.support.fakes import picture, same_store
from tests.catalog.support.places import opened


def _add(store: CatalogStore, product_id: str, seed: int, done: list[str]) -> None:
    store.add_product(product_id, [picture(seed)])
    done.append(product_id)


def _fill(store: CatalogStore, name: str, done: list[str]) -> None:
    for number in count():
        _add(store, f"{name}-{number}", 50_000 + number % 40, done)


def _answer(done: list[str], refused: str = "") -> None:
    sys.stdout.write(json.dumps({"done": done, "refused": refused}) + "\n")
    sys.stdout.flush()


def main() -> None:
    store: CatalogStore | None = None
    for line in sys.stdin:
        command, _, rest = line.rstrip("\n").partition(" ")
        done: list[str] = []
        try:
            if command == "open":
                store = same_store(opened(rest))
            elif store is not None and command == "add":
                product_id, seed = rest.split(" ")
                _add(store, product_id, int(seed), done)
            elif store is not None and command == "fill":
                _fill(store, rest, done)
        except CatalogError as error:
            _answer(done, str(error))
        else:
            _answer(done)


if __name__ == "__main__":
    main()
