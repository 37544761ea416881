"""Search by photo as a phone does: python examples/two_round_trips.py URL CATALOG PHOTO [X,Y].

The first trip sends the photo made small and gets the box of what is meant; X,Y is a tap, in pixels
of the photo. The second sends what the box cuts out of the full photo, 224 pixels square, and gets
the nearest products.
"""

import io
import sys

from PIL import Image, ImageOps

from client.client import Client

SMALL = (480, 480)  # pixels that the first trip's picture fits into: 320 x 480 of a usual photo
CUT = (224, 224)  # pixels of the second trip's picture


def jpeg(picture: Image.Image) -> bytes:
    """The picture as a phone sends it."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


if len(sys.argv) not in (4, 5):
    sys.exit(str(__doc__).partition("\n")[0])
url, catalog, path, *tap = sys.argv[1:]
photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
small = photo.copy()
small.thumbnail(SMALL)
scale = photo.width / small.width
point = None
if tap:
    x, y = (float(number) / scale for number in tap[0].split(","))
    point = (x, y)

with Client(url) as skulens:
    meant = skulens.propose(("photo.jpg", jpeg(small)), point=point)
    best = meant["proposals"][0]
    left, top, right, bottom = (side * scale for side in best["box"])
    print(f"{best['kind']} at {left:.0f},{top:.0f} to {right:.0f},{bottom:.0f}")
    cut = photo.resize(CUT, box=(left, top, right, bottom), resample=Image.Resampling.LANCZOS)
    for hit in skulens.search(catalog, picture=("cut.jpg", jpeg(cut)), limit=5)["hits"]:
        print(hit["product"]["product_id"], hit["product"]["name"])
