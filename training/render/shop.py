"""A small invented shop: packages, printed and folded, and their catalog pictures.

Every package is drawn from a seed: same seed, same pixels. Two pairs are near-twins: one brand and
layout, another flavour name, fruit and accent colour.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.render.designs import drinks, household, snacks, staples, twins
from training.render.designs.studio import Studio
from training.render.paint import food
from training.render.paint.arrays import as_float32
from training.render.paint.canvas import Colour
from training.render.paint.fonts import FontSet, bundled_fonts
from training.render.paint.solids import Solid
from training.render.scene.geometry import PinholeCamera, Pose, body_of
from training.render.scene.light import Lamp, Lighting
from training.render.scene.raster import draw_body, lay_over

_STUDIO_LIGHT = Lighting(
    ambient=0.62, lamps=(Lamp((-0.7, -0.9, -1.3), 0.75, 50.0), Lamp((0.9, -0.5, -1.2), 0.18, 50.0))
)
_PAPER: Colour = (243, 243, 241)


@dataclass(frozen=True, slots=True, eq=False)
class PackagedProduct:
    """A product as it stands in the shop.

    Attributes:
        product_id: as in the catalog.
        name: for people.
        category: one word.
        solid: its package, printed.
        twin: product_id of its near-twin; None where there is none.
    """

    product_id: str
    name: str
    category: str
    solid: Solid
    twin: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CatalogPicture:
    """A catalog picture of a product.

    Attributes:
        name: of the file, without folder.
        image: (H, W, 3) RGB.
    """

    name: str
    image: NDArray[np.uint8]


def _orange(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    return food.citrus_slice(size, (240, 132, 20), (250, 150, 30), rng)


def _apple(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    return food.apple(size, (150, 190, 50), (200, 40, 40), rng)


_ORANGE = twins.Flavour("Orange", (236, 112, 16), _orange, "Orange")
_APPLE = twins.Flavour("Apple", (190, 28, 48), _apple, "Apple")
_STRAWBERRY = twins.Flavour("Strawberry", (214, 28, 60), food.strawberry, "strawberry")
_BLUEBERRY = twins.Flavour("Blueberry", (60, 60, 170), food.blueberry, "blueberry")

_Design = Callable[[Studio], Solid]
_DESIGNS: tuple[tuple[str, str, str, _Design], ...] = (
    ("tarn-bergamot", "Tarn & Moss Bergamot Earl tea", "tea", drinks.tea),
    ("almhorn-milk", "Almhorn fresh milk 1 l", "dairy", drinks.milk),
    ("northbean-dark", "Northbean dark roast coffee", "coffee", drinks.coffee),
    ("kornik-sea-salt", "Kornik sea salt crackers", "snacks", snacks.crackers),
    ("cocoalane-malt", "Cocoa Lane dark & malt biscuits", "snacks", snacks.biscuits),
    ("trailfox-berries", "Trailfox nuts & berries", "snacks", snacks.nuts),
    ("jaderiver-jasmine", "Jade River jasmine rice", "staples", staples.rice),
    ("pastello-penne", "Pastello penne rigate", "staples", staples.pasta),
    ("bellacosta-tomatoes", "Bellacosta peeled tomatoes", "staples", staples.tomatoes),
    ("fennhill-kidney", "Fennhill red kidney beans", "staples", staples.beans),
    ("salina-sea-salt", "Salina fine sea salt", "staples", staples.salt),
    ("brisq-alpine", "Brisq washing powder alpine breeze", "household", household.detergent),
)


def make_products(seed: int) -> tuple[PackagedProduct, ...]:
    """Draw the catalog's products, near-twins first."""
    studio = Studio(FontSet(bundled_fonts()), seed)
    pairs = (
        PackagedProduct(
            "lumera-orange",
            "Lumera orange juice",
            "juice",
            twins.juice(studio, _ORANGE),
            "lumera-apple",
        ),
        PackagedProduct(
            "lumera-apple",
            "Lumera apple juice",
            "juice",
            twins.juice(studio, _APPLE),
            "lumera-orange",
        ),
        PackagedProduct(
            "oatbound-strawberry",
            "Oatbound Crunch strawberry",
            "cereal",
            twins.cereal(studio, _STRAWBERRY),
            "oatbound-blueberry",
        ),
        PackagedProduct(
            "oatbound-blueberry",
            "Oatbound Crunch blueberry",
            "cereal",
            twins.cereal(studio, _BLUEBERRY),
            "oatbound-strawberry",
        ),
    )
    others = (PackagedProduct(key, name, kind, draw(studio)) for key, name, kind, draw in _DESIGNS)
    return (*pairs, *others)


def make_stranger(seed: int) -> PackagedProduct:
    """Draw a product that the shop's catalog does not hold."""
    studio = Studio(FontSet(bundled_fonts()), seed)
    return PackagedProduct(
        "zumbari-hoops", "Zumbari jungle hoops", "cereal", snacks.stranger(studio)
    )


def draw_studio_picture(
    solid: Solid, yaw: float, pitch: float, side: int = 760
) -> NDArray[np.uint8]:
    """Draw a studio picture of a package, turned by radians, about `side` pixels long."""
    body = body_of(solid).moved(Pose.at(np.zeros(3), yaw)).moved(Pose.at(np.zeros(3), pitch=pitch))
    reach = max(solid.width, solid.height)
    camera = PinholeCamera(Pose.at(np.array([0.0, 0.0, -4.2 * reach])), side * 3.6, side, side)
    outline = body.outline(camera)
    picture = _backdrop(outline, side)
    layer = draw_body(body, camera, _STUDIO_LIGHT)
    if layer is not None:
        lay_over(picture, layer)
    margin = round(0.05 * side)
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - margin, 0, side)
    right, bottom = np.clip(np.ceil(outline.max(axis=0)).astype(int) + margin, 0, side)
    return picture[top:bottom, left:right].copy()


def _backdrop(outline: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Draw white paper with the soft shadow of the package that will stand on it."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    shadow = np.zeros((side, side), np.float32)
    centre = (round(float(low[0] + high[0]) / 2 + 0.02 * side), round(float(high[1])))
    axes = (round(float(high[0] - low[0]) * 0.52), round(0.022 * side))
    cv2.ellipse(shadow, centre, axes, 0, 0, 360, 0.55, -1)
    shadow = as_float32(cv2.GaussianBlur(shadow, (0, 0), 0.018 * side))
    paper = np.asarray(_PAPER, np.float32) * (1 - shadow[..., None])
    return paper.astype(np.uint8)


def draw_catalog_pictures(product: PackagedProduct) -> tuple[CatalogPicture, ...]:
    """Draw a product's front, and a view that shows a side."""
    front = draw_studio_picture(product.solid, 0.0, 0.0)
    angle = draw_studio_picture(product.solid, 0.55, 0.14)
    return CatalogPicture("front.jpg", front), CatalogPicture("angle.jpg", angle)


def write_pictures(
    folder: Path, products: Sequence[PackagedProduct], on_progress: Callable[[int, int], None]
) -> None:
    """Write every product's catalog pictures and a `products.jsonl` that names them.

    Args:
        folder: is made; `catalog.transfer.importer.import_path` takes it in.
        products: of the catalog.
        on_progress: called with products done and products in all.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for done, product in enumerate(products, start=1):
        lines.append(json.dumps(_write_product(folder, product)) + "\n")
        on_progress(done, len(products))
    (folder / "products.jsonl").write_text("".join(lines), encoding="utf-8")


def _write_product(folder: Path, product: PackagedProduct) -> dict[str, object]:
    (folder / product.product_id).mkdir(exist_ok=True)
    images = []
    for picture in draw_catalog_pictures(product):
        name = f"{product.product_id}/{picture.name}"
        Image.fromarray(picture.image).save(folder / name, quality=93, optimize=True)
        images.append(name)
    return {
        "product_id": product.product_id,
        "name": product.name,
        "images": images,
        "category": product.category,
    }
