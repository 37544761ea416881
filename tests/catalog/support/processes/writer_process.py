"""Adds products to a catalog in a process of its own: ROOT WRITER COUNT."""

import sys
from pathlib import Path

from catalog.errors import AlreadyExists
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import picture, same_store


def main() -> None:
    root, writer, count = sys.argv[1:]
    store = same_store(FolderStorage(Path(root)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read(1)
    won = 0
    for number in range(int(count)):
        store.add_product(f"{writer}-{number}", [picture(int(writer) * 1000 + number)])
        try:
            store.add_product(f"contested-{number}", [picture(5000 + number)], name=writer)
            won += 1
        except AlreadyExists:
            pass
    sys.stdout.write(f"{won}\n")


if __name__ == "__main__":
    main()
