"""A worker that starts on a large catalog: large_process.py STORAGE CACHE QUERIES PHOTO.

Prints one JSON object: seconds to load the networks, then to open the catalog and be ready to
search, milliseconds of a search, resident megabytes of the catalog and in all, seconds of the first
match and of one after it.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from api.services import LocalServices
from api.settings import Settings
from catalog.ingest.image_file import read_image


def megabytes() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


def main(storage: str, cache: str, queries: str, photo: str) -> None:
    services = LocalServices(Settings(storage=Path(storage), cache_dir=Path(cache)))
    begin = time.perf_counter()
    part_ids = services.models.encoder.part_ids
    figures = {"networks_s": time.perf_counter() - begin}
    before, begin = megabytes(), time.perf_counter()
    snapshot = services.catalogs.open("shop").snapshot()
    snapshot.warm_up()
    figures |= {"start_s": time.perf_counter() - begin, "catalog_mb": megabytes() - before}
    assert snapshot.part_ids == part_ids
    taken = []
    for query in np.load(queries):
        begin = time.perf_counter()
        snapshot.shortlist(query, 10)
        taken.append(time.perf_counter() - begin)
    figures |= {"query_p50_ms": float(np.median(taken) * 1e3)}
    image = read_image(Path(photo).read_bytes(), photo)
    services.finder.detect(image)  # compiles
    named: list[str | None] = []
    for name in ("cold_match_s", "warm_match_s"):
        begin = time.perf_counter()
        found = services.finder.identify(image, snapshot)
        figures[name] = time.perf_counter() - begin
        named = [match.product_id for match in found.matches]
    figures |= {"all_mb": megabytes()}
    sys.stdout.write(json.dumps({**figures, "found": named}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
