"""Where things are and how a camera sees them: poses, bent sheets, the outline of a solid.

World and camera axes: x to the right, y down, z away from the viewer; metres.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_float32
from training.render.paint.solids import Carton, Pouch, Print, Solid, Tin
from training.render.paint.texture import Texture

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A turn, then a shift.

    Attributes:
        rotation: (3, 3).
        position: (3,).
    """

    rotation: Floats
    position: Floats

    @classmethod
    def at(
        cls, position: Floats, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
    ) -> "Pose":
        """From angles in radians: roll in the picture, then pitch, then yaw about the vertical."""
        cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
        about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return cls(about_y @ about_x @ about_z, np.asarray(position, dtype=np.float64))

    def apply(self, points: Floats) -> Floats:
        """Return points (..., 3), moved."""
        moved: Floats = points @ self.rotation.T + self.position
        return moved

    def turn(self, directions: Floats) -> Floats:
        """Return directions (..., 3), turned."""
        turned: Floats = directions @ self.rotation.T
        return turned


@dataclass(frozen=True, slots=True, eq=False)
class PinholeCamera:
    """A pinhole.

    Attributes:
        pose: from camera axes to the world.
        focal: pixels.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """

    pose: Pose
    focal: float
    width: int
    height: int

    def project(self, points: Floats) -> Floats:
        """Map world points (..., 3), all in front of the camera, to pixels (..., 2)."""
        seen = (points - self.pose.position) @ self.pose.rotation
        depth = np.maximum(seen[..., 2:], 0.02)
        pixels: Floats = seen[..., :2] / depth * self.focal + [self.width / 2, self.height / 2]
        return pixels

    def distance(self, points: Floats) -> Floats:
        """Return how far world points (..., 3) are from the pinhole."""
        lengths: Floats = np.linalg.norm(points - self.pose.position, axis=-1)
        return lengths


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A printed sheet, flat or bent.

    Attributes:
        points: (R + 1, C + 1, 3) where the print's grid of R by C cells lies.
        normals: (R + 1, C + 1, 3) unit, towards the side that shows.
        texture: the print.
        gloss: strength of its highlight in [0, 1].
    """

    points: Floats
    normals: Floats
    texture: Texture
    gloss: float

    def moved(self, pose: Pose) -> "Sheet":
        """Return the same sheet elsewhere."""
        return Sheet(pose.apply(self.points), pose.turn(self.normals), self.texture, self.gloss)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A solid made of sheets, around its own middle.

    Attributes:
        sheets: hidden ones are found while drawing.
        rim: (N, 3) points whose outline is the solid's.
        convex: whether that outline is the points' hull; else the points in their order.
    """

    sheets: tuple[Sheet, ...]
    rim: Floats
    convex: bool = True

    def moved(self, pose: Pose) -> "Body":
        """Return the same solid elsewhere."""
        sheets = tuple(sheet.moved(pose) for sheet in self.sheets)
        return Body(sheets, pose.apply(self.rim), self.convex)

    def outline(self, camera: PinholeCamera) -> NDArray[np.float32]:
        """Return (N, 2) float32 corners of its silhouette in pixels, not clipped to the picture."""
        points = camera.project(self.rim).astype(np.float32)
        if not self.convex:
            return points
        return as_float32(cv2.convexHull(points)[:, 0])


def flat_sheet(corners: Floats, printed: Print | Texture, gloss: float) -> Sheet:
    """Return a rectangle (4, 3): its print's top left, top right, bottom right, bottom left."""
    normal = np.cross(corners[3] - corners[0], corners[1] - corners[0])
    normal = normal / np.linalg.norm(normal)
    points = np.array([[corners[0], corners[1]], [corners[3], corners[2]]], dtype=np.float64)
    texture = printed if isinstance(printed, Texture) else Texture(printed)
    return Sheet(points, np.broadcast_to(normal, points.shape).copy(), texture, gloss)


def body_of(solid: Solid) -> Body:
    """Return the sheets of a package."""
    if isinstance(solid, Carton):
        return _box(solid)
    if isinstance(solid, Tin):
        return _cylinder(solid)
    return _bag(solid)


def _box(carton: Carton) -> Body:
    x, y, z = carton.width / 2, carton.height / 2, carton.depth / 2
    corner = np.array(
        [[sx * x, sy * y, sz * z] for sz in (-1, 1) for sy in (-1, 1) for sx in (-1, 1)]
    )
    # Corners by number: bit 0 is right, bit 1 is bottom, bit 2 is back.
    faces = (
        ((0, 1, 3, 2), carton.front),
        ((5, 4, 6, 7), carton.front),
        ((1, 5, 7, 3), carton.side),
        ((4, 0, 2, 6), carton.side),
        ((4, 5, 1, 0), carton.top),
        ((2, 3, 7, 6), carton.top),
    )
    sheets = tuple(flat_sheet(corner[list(index)], print_, carton.gloss) for index, print_ in faces)
    return Body(sheets, corner)


def _cylinder(tin: Tin) -> Body:
    radius, half, strips = tin.width / 2, tin.height / 2, 40
    # The print's middle faces the viewer (-z); its left end starts at the back.
    angles = np.linspace(-np.pi, np.pi, strips + 1)
    around = np.stack([np.sin(angles), np.zeros_like(angles), -np.cos(angles)], axis=1)
    ring, up = around * radius, np.array([0.0, half, 0.0])
    points = np.stack([ring - up, ring + up])
    label = Sheet(points, np.stack([around, around]), Texture(tin.label), tin.gloss)
    square = np.array([[-1, 0, 1], [1, 0, 1], [1, 0, -1], [-1, 0, -1]]) * radius
    lids = [flat_sheet(square - up, tin.lid, 0.8)]
    lids.append(flat_sheet(square[::-1] + up, tin.lid, 0.8))
    return Body((*lids, label), points.reshape(-1, 3))


def _bag(pouch: Pouch) -> Body:
    rows, columns = 12, 9
    v, u = np.meshgrid(np.linspace(-1, 1, rows + 1), np.linspace(-1, 1, columns + 1), indexing="ij")
    belly = np.clip(1 - np.abs(u) ** 2.2, 0, 1) ** 0.75 * np.clip(1 - np.abs(v) ** 3, 0, 1)
    waist = 1 - 0.05 * np.cos(v * np.pi / 2)
    points = np.stack(
        [u * pouch.width / 2 * waist, v * pouch.height / 2, -belly * pouch.depth / 2], axis=-1
    )
    front = Sheet(points, _normals(points), Texture(pouch.front), pouch.gloss)
    mirrored = (points * [1, 1, -1])[:, ::-1]
    back = Sheet(mirrored, _normals(mirrored), Texture(pouch.front[:, ::-1]), pouch.gloss)
    ring = [points[0], points[1:, -1], points[-1, :-1][::-1], points[1:-1, 0][::-1]]
    return Body((back, front), np.concatenate(ring), convex=False)


def _normals(points: Floats) -> Floats:
    across = np.gradient(points, axis=1)
    down = np.gradient(points, axis=0)
    normals = np.cross(down, across)
    lengths = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    unit: Floats = normals / lengths
    return unit
