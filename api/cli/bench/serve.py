"""`skulens bench serve`: the service itself, over HTTP."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.bench.measurement import JsonFile, Seed, measurement, print_result
from api.cli.context import command
from api.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.cli.output import OnStage
    from api.services import Services
    from bench.latency.serve import SendRequest
    from catalog.registry import Catalogs
    from client.client import Client
    from training.render.shop import PackagedProduct

CATALOG: Final = "shop"
SIDE: Final = 256  # of the pictures of products that only have to be there
FRAME: Final = (640, 480)  # pixels, width and height
SHOWN: Final = 8  # products that are identified in turn
START_S: Final = 240.0  # a first start compiles the networks

serve_app = typer.Typer()


@command(
    serve_app,
    "skulens bench serve",
    "skulens bench serve --products 100 --requests 50 --json figures.json",
)
def serve(
    context: typer.Context,
    products: Annotated[int, typer.Option(min=30, max=20_000, help="In the catalog.")] = 1000,
    requests: Annotated[int, typer.Option(min=10, help="Of one client.")] = 100,
    clients: Annotated[int, typer.Option(min=2, max=64, help="At once.")] = 4,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """A picture of one product over HTTP, warm: one client, several, and beside that in-process.

    The demo's rendered products, and prints that only have to be there, are enrolled; `skulens
    serve` runs in a process of its own. Processor time is told beside the clock's, because other
    work on the machine lengthens that alone.
    """
    from bench.latency.serve import ServeOptions, ServeTarget, measure_serve
    from client.client import Client

    with measurement(context) as (output, built, on_stage), TemporaryDirectory() as name:
        folder = Path(name)
        shown = _enrol(built, folder, products, seed, on_stage)
        snapshot = _storage_of(built, folder).open(CATALOG).snapshot()
        here, pictures = cycle(shown), [_jpeg(frame) for frame in shown]

        def alone() -> float:
            return built.finder.identify(next(here), snapshot).elapsed.total

        with serving(folder, built) as (url, process):

            def client() -> "SendRequest":
                return _asking(Client(url), pictures)

            target = ServeTarget(alone, client, process)
            options = ServeOptions(products, requests, clients)
            result = measure_serve(options, target, on_stage)
    print_result(output, result.table(), result.to_json(), json)


def _asking(client: "Client", pictures: Sequence[bytes]) -> "SendRequest":
    turn = cycle(pictures)

    def ask() -> float:
        answer = client.identify(CATALOG, ("photo.jpg", next(turn)))
        return answer["elapsed_ms"]["total"]

    return ask


def _enrol(
    built: "Services", folder: Path, count: int, seed: int, on_stage: "OnStage"
) -> "list[NDArray[np.uint8]]":
    """Fill a catalog; frames with one product each."""
    from api.demo.render import SEED
    from catalog.ingest.image_file import ImageFile
    from training.render.shop import draw_studio_picture, make_products

    on_stage("printing packages", 0, None)
    store = _storage_of(built, folder).create(CATALOG)
    real = make_products(SEED)
    for number in range(count):
        if number < len(real):
            product_id, picture = (
                real[number].product_id,
                draw_studio_picture(real[number].solid, 0.0, 0.0),
            )
        else:
            product_id, picture = f"print-{number}", _print(seed + number)
        store.add_product(product_id, [ImageFile("front.jpg", _jpeg(picture))])
        on_stage("enrolling", number + 1, count)
    return [_frame(product) for product in real[:SHOWN]]


def _storage_of(built: "Services", folder: Path) -> "Catalogs":
    from catalog.encodings.shared_cache import SharedEncodingCache
    from catalog.registry import Catalogs
    from catalog.storage.folder import FolderStorage

    cache = SharedEncodingCache(built.settings.cache_dir / "features")
    storage = FolderStorage(folder / "data", durable=False)
    return Catalogs(storage, built.models.encoder, None, cache)


def _print(seed: int) -> "NDArray[np.uint8]":
    """A flat print that is like no other one: blots of colours, with fine marks on them."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        x, y, width, height = (int(number) for number in rng.integers(0, SIDE, 4) // (1, 1, 6, 6))
        colour = tuple(int(number) for number in rng.integers(0, 256, 3))
        cv2.rectangle(image, (x, y), (x + width, y + height), colour, -1)
    return np.asarray(image, np.uint8)


def _frame(product: "PackagedProduct") -> "NDArray[np.uint8]":
    """A frame with one product, a little turned, in front of a wall."""
    import cv2
    import numpy as np

    from training.render.shop import draw_studio_picture

    width, height = FRAME
    shot = draw_studio_picture(product.solid, 0.15, 0.08)
    scale = 0.8 * height / max(shot.shape[:2])
    shot = np.asarray(cv2.resize(shot, None, fx=scale, fy=scale), np.uint8)
    frame = np.full((height, width, 3), (176, 168, 152), np.uint8)
    top, left = (height - shot.shape[0]) // 2, (width - shot.shape[1]) // 3
    frame[top : top + shot.shape[0], left : left + shot.shape[1]] = shot
    return frame


def _jpeg(image: "NDArray[np.uint8]") -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=92)
    return file.getvalue()


@contextmanager
def serving(folder: Path, built: "Services") -> Iterator[tuple[str, int]]:
    """`skulens serve` over the catalog while the block runs: address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "SKULENS_STORAGE": str(folder / "data"),
        "SKULENS_STATE": str(folder / "state"),
        "SKULENS_CACHE_DIR": str(built.settings.cache_dir),
        "SKULENS_SERVER": "",
        "SKULENS_REQUESTS_PER_SECOND": "100000",
    }
    environment.pop("SKULENS_S3_BUCKET", None)
    program = "import sys; from api.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "serve", "--port", str(port)]
    log = folder / "serve.log"
    with (
        log.open("w") as messages,
        subprocess.Popen(command, env=environment, stderr=messages) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _until_ready(url, process, log)
            yield url, process.pid
        finally:
            process.terminate()


def _until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    from client.connection import Connection
    from client.errors import ClientError

    until = time.monotonic() + START_S
    with Connection(url) as connection:
        while time.monotonic() < until and process.poll() is None:
            try:
                connection.request("GET", "/readyz")
            except ClientError:
                time.sleep(0.1)
            else:
                return
    last = log.read_text(encoding="utf-8").splitlines()[-1:]
    raise Refused(f"the service does not start: {' '.join(last)[:300]}")
