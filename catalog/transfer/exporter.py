"""Writes a catalog's pictures and a manifest that an import takes back."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import uuid4

from catalog.errors import AlreadyExists, StorageUnavailable
from catalog.migration import OnProgress
from catalog.records.codec import to_record
from catalog.records.kept import write_choice
from catalog.records.product import Product, ReferenceImage, is_valid_id
from catalog.snapshot import Catalog
from catalog.storage.folder import describe_os_error
from catalog.transfer.manifest import MANIFEST_NAMES

# What file systems of other machines may not take, and how many characters of a name stay.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM: Final = 100  # characters


def export_catalog(catalog: Catalog, directory: Path, on_progress: OnProgress | None = None) -> int:
    """Write a catalog's pictures and a `products.jsonl` that `import_path` takes back.

    The folder appears when it is complete.

    Args:
        catalog: what to write.
        directory: a folder that does not exist yet or is empty.
        on_progress: called with pictures done and pictures in all.

    Returns:
        The number of pictures written.

    Raises:
        AlreadyExists: the folder holds something.
        NotFound: a picture is missing in the storage.
        StorageUnavailable: the storage or the target's disk refused.
    """
    temporary = directory.with_name(f".{directory.name}.{uuid4().hex}")
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise AlreadyExists(f"{directory} holds something already; give a new folder")
        try:
            temporary.mkdir(parents=True)
            written = _write(catalog, temporary, on_progress)
            temporary.replace(directory)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise StorageUnavailable(describe_os_error("write", directory, error)) from error
    return written


def _write(catalog: Catalog, directory: Path, on_progress: OnProgress | None) -> int:
    total = sum(len(product.images) for product in catalog.products.values())
    done = 0
    with (directory / MANIFEST_NAMES[0]).open("w", encoding="utf-8") as manifest:
        for product in catalog.products.values():
            names = _file_names(product)
            (directory / product.product_id).mkdir()
            for image, name in zip(product.images, names, strict=True):
                (directory / name).write_bytes(catalog.picture(image.image_id))
                done += 1
                if on_progress:
                    on_progress(done, total)
            manifest.write(json.dumps(_line(product, names), ensure_ascii=False) + "\n")
    return done


def _line(product: Product, names: Sequence[PurePosixPath]) -> dict[str, object]:
    record = to_record(product)
    both = zip(product.images, names, strict=True)
    keep = {str(name): write_choice(image.choice) for image, name in both if image.choice}
    return {
        "product_id": product.product_id,
        "name": product.name,
        "description": product.description,
        "images": [str(name) for name in names],
        "attributes": record["attributes"],
        **({"keep": keep} if keep else {}),
    }


def _file_names(product: Product) -> list[PurePosixPath]:
    names: list[PurePosixPath] = []
    taken: set[str] = set()
    for number, image in enumerate(product.images, start=1):
        name = _file_name(image)
        if name.lower() in taken:  # also apart on disks that ignore case
            name = f"{number}-{name}"
        taken.add(name.lower())
        names.append(PurePosixPath(product.product_id, name))
    return names


def _file_name(image: ReferenceImage) -> str:
    """The file's own name as far as it is harmless, else its hash."""
    stem = _UNSAFE.sub("-", PurePosixPath(image.source_name).stem)[:_LONGEST_STEM].strip(".-_")
    return f"{stem if is_valid_id(stem) else image.image_id[:16]}.{image.extension}"
