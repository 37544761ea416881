"""Draws bodies into pictures: warps the lit print of every visible cell, cuts the outline."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_uint8
from training.render.paint.texture import Texture
from training.render.scene.geometry import Body, Floats, PinholeCamera, Sheet
from training.render.scene.light import Lighting, Niche

_SUBPIXEL = 4  # bits cv2 takes after the point of a polygon's corners
_LIGHT_STEPS = 10  # of the light map along a flat sheet


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A drawn thing, ready to be laid over a picture.

    Attributes:
        colour: (h, w, 3) RGB, already weighted with `alpha`.
        alpha: (h, w), 255 where it covers.
        left: where its first column goes in the picture.
        top: where its first row goes.
    """

    colour: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class _Window:
    left: int
    top: int
    width: int
    height: int


def draw_body(
    body: Body, camera: PinholeCamera, lighting: Lighting | None, niche: Niche | None = None
) -> Layer | None:
    """Return a body in world coordinates as a layer; None when it is out of the picture.

    Without lighting its prints show as they are.
    """
    outline = body.outline(camera)
    window = _window(outline, camera)
    if window is None:
        return None
    colour = np.zeros((window.height, window.width, 3), np.uint8)
    first = True
    for sheet in _far_to_near(body, camera):
        first = not _draw_sheet(colour, window, sheet, camera, lighting, niche, first) and first
    if first:  # every sheet turns its back
        return None
    alpha = polygon_alpha(outline, window.width, window.height, window.left, window.top)
    return Layer(weighted(colour, alpha), alpha, window.left, window.top)


def draw_plane(
    canvas: NDArray[np.uint8], sheet: Sheet, camera: PinholeCamera, lighting: Lighting | None = None
) -> None:
    """Draw one flat sheet straight into the picture."""
    layer = draw_body(Body((sheet,), sheet.points.reshape(-1, 3)), camera, lighting)
    if layer is not None:
        lay_over(canvas, layer)


def bake(sheet: Sheet, lighting: Lighting, niche: Niche | None) -> Sheet:
    """Return a flat sheet whose print carries its light; its highlights are lost."""
    printed = sheet.texture.sized(*sheet.texture.shape[::-1])
    points, normals = _refined(sheet.points), _refined(sheet.normals)
    diffuse, _ = lighting.shade(
        points, normals, sheet.points[0, 0] + sheet.normals[0, 0], 0.0, niche
    )
    factor = cv2.cvtColor(
        _spread(diffuse * 200, (printed.shape[1], printed.shape[0])), cv2.COLOR_GRAY2RGB
    )
    lit = cv2.multiply(printed, factor, scale=1 / 200).astype(np.uint8, copy=False)
    return Sheet(sheet.points, sheet.normals, Texture(lit), 0.0)


def lay_over(canvas: NDArray[np.uint8], layer: Layer) -> None:
    """Put a layer on a picture, in place."""
    height, width = layer.alpha.shape
    place = canvas[layer.top : layer.top + height, layer.left : layer.left + width]
    kept = weighted(place, inverted(layer.alpha))
    cv2.add(layer.colour, kept, dst=place)


def inverted(alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 255 less the cover."""
    return as_uint8(cv2.bitwise_not(alpha))


def weighted(colour: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (h, w, 3) colours times (h, w) cover in 255ths."""
    share = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
    return as_uint8(cv2.multiply(colour, share, scale=1 / 255))


def polygon_alpha(
    outline: NDArray[np.floating], width: int, height: int, left: int = 0, top: int = 0
) -> NDArray[np.uint8]:
    """Return the smooth-edged (height, width) mask of a polygon; its window is at (left, top)."""
    alpha = np.zeros((height, width), np.uint8)
    corners = np.round((outline - [left, top]) * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(alpha, [corners], 255, cv2.LINE_AA, _SUBPIXEL)
    return alpha


def _window(outline: NDArray[np.float32], camera: PinholeCamera) -> _Window | None:
    left, top = np.floor(outline.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(outline.max(axis=0)).astype(int) + 3
    left, top = max(int(left), 0), max(int(top), 0)
    right, bottom = min(int(right), camera.width), min(int(bottom), camera.height)
    if right - left < 2 or bottom - top < 2:
        return None
    return _Window(left, top, right - left, bottom - top)


def _far_to_near(body: Body, camera: PinholeCamera) -> list[Sheet]:
    middles = [sheet.points.reshape(-1, 3).mean(axis=0) for sheet in body.sheets]
    order = np.argsort([-float(camera.distance(middle)) for middle in middles], kind="stable")
    return [body.sheets[index] for index in order]


def _draw_sheet(
    colour: NDArray[np.uint8],
    window: _Window,
    sheet: Sheet,
    camera: PinholeCamera,
    lighting: Lighting | None,
    niche: Niche | None,
    whole: bool,
) -> bool:
    """Draw the cells that face the camera; `whole` lets a single one fill the window."""
    grid = camera.project(sheet.points) - [window.left, window.top]
    visible = _visible_cells(grid, window)
    if not visible:
        return False
    lit = _lit_print(sheet, grid, camera, lighting, niche)
    single = grid.shape[:2] == (2, 2)
    for row, column in visible:
        corners = grid[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
        _warp_cell(colour, lit, corners, (row, column), grid.shape, single, whole and single)
    return True


def _visible_cells(grid: Floats, window: _Window) -> list[tuple[int, int]]:
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    diagonal, other = c - a, d - b
    area = diagonal[..., 0] * other[..., 1] - diagonal[..., 1] * other[..., 0]
    low = np.minimum(np.minimum(a, b), np.minimum(c, d))
    high = np.maximum(np.maximum(a, b), np.maximum(c, d))
    inside = (high > 0).all(-1) & (low[..., 0] < window.width) & (low[..., 1] < window.height)
    return [(int(row), int(column)) for row, column in np.argwhere((area > 0.5) & inside)]


def _lit_print(
    sheet: Sheet,
    grid: Floats,
    camera: PinholeCamera,
    lighting: Lighting | None,
    niche: Niche | None,
) -> NDArray[np.uint8]:
    across = np.linalg.norm(np.diff(grid, axis=1), axis=-1).sum(axis=1).max()
    down = np.linalg.norm(np.diff(grid, axis=0), axis=-1).sum(axis=0).max()
    if grid.shape[1] > 20:  # a label goes all around: half of its width shows, foreshortened
        across *= 1.5
    printed = sheet.texture.sized(float(across), float(down))
    if lighting is None:
        return printed
    points, normals = sheet.points, sheet.normals
    if grid.shape[:2] == (2, 2):
        points, normals = _refined(points), _refined(normals)
    elif grid.shape[0] == 2:
        points, normals = _refined_down(points), _refined_down(normals)
    diffuse, shine = lighting.shade(points, normals, camera.pose.position, sheet.gloss, niche)
    size = (printed.shape[1], printed.shape[0])
    factor = _spread(diffuse * 200, size)
    lit = cv2.multiply(printed, cv2.cvtColor(factor, cv2.COLOR_GRAY2RGB), scale=1 / 200)
    if float(shine.max()) > 0.01:
        glint = _spread(shine * 255, size)
        lit = cv2.add(lit, cv2.cvtColor(glint, cv2.COLOR_GRAY2RGB))
    return lit.astype(np.uint8, copy=False)


def _spread(values: Floats, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Grid values, which lie on the print's edges and between, as one value per pixel."""
    rows, columns = values.shape
    across, down = (columns - 1) / size[0], (rows - 1) / size[1]
    matrix = np.array([[across, 0, across / 2], [0, down, down / 2]])
    field = np.clip(values, 0, 255).astype(np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return as_uint8(
        cv2.warpAffine(field, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def _refined(grid: Floats) -> Floats:
    """A (2, 2, 3) grid with more points between."""
    share = np.linspace(0, 1, _LIGHT_STEPS)
    left = grid[0, 0] + (grid[1, 0] - grid[0, 0]) * share[:, None]
    right = grid[0, 1] + (grid[1, 1] - grid[0, 1]) * share[:, None]
    fine: Floats = left[:, None] + (right - left)[:, None] * share[None, :, None]
    return fine


def _refined_down(grid: Floats) -> Floats:
    """A (2, C, 3) grid with more rows between."""
    share = np.linspace(0, 1, _LIGHT_STEPS)[:, None, None]
    fine: Floats = grid[0] + (grid[1] - grid[0]) * share
    return fine


def _warp_cell(
    colour: NDArray[np.uint8],
    lit: NDArray[np.uint8],
    corners: Floats,
    cell: tuple[int, int],
    grid_shape: tuple[int, ...],
    smooth: bool,
    whole: bool,
) -> None:
    height, width = lit.shape[:2]
    rows, columns = grid_shape[0] - 1, grid_shape[1] - 1
    left, right = cell[1] / columns * width, (cell[1] + 1) / columns * width
    top, bottom = cell[0] / rows * height, (cell[0] + 1) / rows * height
    source = (
        np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32) - 0.5
    )
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(corners.max(axis=0)).astype(int) + 3
    place = colour[low[1] : high[1], low[0] : high[0]]
    if place.size == 0:
        return
    target = (corners - low).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    size = (place.shape[1], place.shape[0])
    warped = cv2.warpPerspective(
        lit, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if whole:
        place[:] = warped
    elif smooth:
        mask = polygon_alpha(target, *size)
        cv2.add(weighted(as_uint8(warped), mask), weighted(place, inverted(mask)), dst=place)
    else:
        grown = target + 1.2 * _outwards(target)
        mask = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillConvexPoly(mask, np.round(grown * 16).astype(np.int32), 255, cv2.LINE_8, 4)
        cv2.copyTo(warped, mask, place)


def _outwards(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    away = corners - corners.mean(axis=0)
    unit: NDArray[np.float32] = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-3)
    return unit
