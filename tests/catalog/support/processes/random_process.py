"""Random changes and searches in a process of its own: STORAGE SEED COUNT; a line for each."""

import json
import random
import sys

from catalog.errors import AlreadyExists, CatalogError, Conflict, NotFound
from catalog.ingest.image_file import ImageFile
from catalog.store import CatalogStore, ChangeResult
from tests.catalog.support.fakes import embedding_of, picture, pixels, same_store
from tests.catalog.support.places import opened

PRODUCTS = 24


def product_picture(number: int) -> ImageFile:
    """The one picture of a product."""
    return picture(1000 + number)


class Actor:
    """Does one random thing after the other."""

    def __init__(self, store: CatalogStore, seed: int) -> None:
        self._store = store
        self._random = random.Random(seed)
        self._version = 0

    def act(self) -> dict[str, object]:
        number = self._random.randrange(PRODUCTS)
        name = self._random.choice(["add", "update", "update", "remove", "search"])
        try:
            change = getattr(self, f"_{name}")(number)
        except (AlreadyExists, NotFound, Conflict) as error:
            return {"did": name, "product": number, "refused": type(error).__name__}
        if not isinstance(change, ChangeResult):
            return {"did": name, "product": number, **change}
        self._version = change.index_version
        return {"did": name, "product": number, "version": change.index_version}

    def _add(self, number: int) -> ChangeResult:
        attributes = {"count": 0.0}
        return self._store.add_product(
            f"p{number}", [product_picture(number)], attributes=attributes
        )

    def _update(self, number: int) -> ChangeResult:
        """Count up, on the revision that was read."""
        product = self._store.latest().products.get(f"p{number}")
        if product is None:
            product = self._store.product(f"p{number}")
        count = dict(product.attributes)["count"]
        assert isinstance(count, float)
        return self._store.update_product(
            product.product_id, attributes={"count": count + 1}, if_revision=product.revision
        )

    def _remove(self, number: int) -> ChangeResult:
        return self._store.remove_product(f"p{number}")

    def _search(self, number: int) -> dict[str, object]:
        snapshot = self._store.snapshot(min_version=self._version)
        vector = embedding_of(pixels(1000 + number))
        near = snapshot.shortlist(vector, 3)
        hits = [
            int(neighbour.product_id[1:]) for neighbour in near if neighbour.similarity > 0.9999
        ]
        return {"hits": hits, "min": self._version, "seen": snapshot.index_version}


def main() -> None:
    place, seed, count = sys.argv[1:]
    store = same_store(opened(place))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read(1)
    actor = Actor(store, int(seed))
    for _ in range(int(count)):
        try:
            done = actor.act()
        except CatalogError as error:
            done = {"failed": repr(error)}
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
