"""A hundred thousand reference pictures: how long a worker takes to start, search and match.

Features of a few hundred real pictures, by the real networks, are repeated under other names: links
to the same files. Vectors beyond the real ones are mixtures of two of them with noise, which lie so
close together that hashing cannot tell them apart: the speed of a search is printed, and held to
its bound by `skulens bench index` on vectors that differ as real ones do.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api.services import LocalServices
from api.settings import Settings
from catalog.encodings.store import EncodingStore
from catalog.ingest.image_file import read_image
from catalog.storage.folder import FolderStorage
from tests.catalog.support.filling import fill, product

COUNT = int(os.environ.get("LARGE_COUNT", "100000"))
REAL = 200
QUERIES = 100
NOISE = 0.02
ROOT = Path(__file__).parents[3]


def mixed(real: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(count, D) unit vectors that begin with the real ones."""
    random = np.random.default_rng(11)
    first, second = random.integers(0, len(real), (2, count))
    share = random.random((count, 1), np.float32)
    noise = random.standard_normal((count, real.shape[1])).astype(np.float32) * NOISE
    vectors = real[first] * share + real[second] * (1 - share) + noise
    vectors[: len(real)] = real
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def linked(root: Path, number: int, template: int) -> None:
    """Give a product's picture the features of another's."""
    name, other = (f"{_image_id(image)}.safetensors" for image in (number, template))
    for folder in root.glob("shop/features/*/*"):
        os.link(folder / other, folder / name)


def _image_id(number: int) -> str:
    return product(number).images[0].image_id


@pytest.mark.soak
@pytest.mark.data
@pytest.mark.weights
@pytest.mark.timeout(3600)
def test_a_worker_starts_on_a_hundred_thousand_pictures(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = FolderStorage(tmp_path / "data", durable=False)
    services = LocalServices(Settings(storage=tmp_path / "data", cache_dir=tmp_path / "made"))
    encoder = services.models.encoder
    paths = sorted((shared_data / "clothing_cc0").glob("*.jpg"))[: REAL + QUERIES]
    assert len(paths) == REAL + QUERIES
    parts, vectors = EncodingStore(storage, "shop"), []
    for number, path in enumerate(paths):
        encoding = encoder.encode(read_image(path.read_bytes(), path.name), ())
        vectors.append(encoding.embedding)
        if number < REAL:
            parts.save(encoder.part_ids, _image_id(number), encoding)
    queries = tmp_path / "queries.npy"
    np.save(queries, np.stack(vectors[REAL:]))
    for number in range(REAL, COUNT):
        linked(storage.root, number, number % REAL)
    fill(storage, COUNT, encoder, mixed(np.stack(vectors[:REAL]), COUNT))
    command = [sys.executable, "-m", "tests.catalog.support.processes.large_process"]
    command += [str(tmp_path / name) for name in ("data", "cache", queries.name)]
    runs = []
    for _ in ("the first start", "the next one"):
        done = subprocess.run(
            [*command, str(paths[7])], cwd=ROOT, capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    with capsys.disabled():
        for figures in runs:
            print(json.dumps(figures))  # noqa: T201
    for figures in runs:
        assert product(7).product_id in figures["found"]
        assert figures["start_s"] <= 15
        assert figures["catalog_mb"] <= 1500
        assert figures["cold_match_s"] <= 5
