"""Follows a catalog and tells when each product is found: STORAGE COUNT."""

import sys
import time

from catalog.follower import Follower
from tests.catalog.support.fakes import embedding_of, pixels, same_store
from tests.catalog.support.filling import WideEncoder, widened
from tests.catalog.support.places import opened


def main() -> None:
    place, count = sys.argv[1:]
    started = time.monotonic()
    with Follower(same_store(opened(place), WideEncoder())) as follower:
        sys.stdout.write(f"{time.monotonic() - started}\n")
        sys.stdout.flush()
        for number in range(int(count)):
            vector = widened(embedding_of(pixels(number)))
            while True:
                near = follower.catalog().shortlist(vector, 1)
                if near[0].product_id == f"new-{number}":
                    break
                time.sleep(0.005)
            sys.stdout.write(f"{time.monotonic()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
