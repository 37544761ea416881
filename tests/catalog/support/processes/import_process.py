"""A process of its own that imports a folder; `python import_process.py STORAGE FOLDER`."""

import sys
from pathlib import Path

from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from catalog.transfer.importer import import_path
from tests.catalog.support.fakes import FakeEncoder


def main() -> None:
    storage, folder = (Path(argument) for argument in sys.argv[1:])
    store = Catalogs(FolderStorage(storage, durable=False), FakeEncoder()).open("shop")
    import_path(store, folder)


if __name__ == "__main__":
    main()
