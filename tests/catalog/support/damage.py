"""Damage to the entries of a journal, by people, sync programs and disks."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.journal.journal import Journal
from catalog.storage.base import Storage


class Mishap(StrEnum):
    """A mishap of an entry, or of several."""

    REMOVED = "removed"
    SEVERAL_REMOVED = "several removed"
    END_REMOVED = "end removed"
    ALL_REMOVED = "all removed"
    RENAMED = "renamed beside the others"
    MOVED = "moved out of the journal"
    SHORTENED = "shortened"
    EMPTIED = "emptied"
    ANOTHER = "another entry in its place"


@dataclass(frozen=True)
class Damage:
    """Entries that are not what they were.

    Attributes:
        mishap: what happened.
        whole: the entries as they were, by number.
    """

    mishap: Mishap
    whole: Mapping[int, bytes]


def damaged(storage: Storage, mishap: Mishap, rng: random.Random) -> Damage:
    """Damage random entries of the catalog `shop`."""
    journal = Journal(storage, "shop")
    last = journal.last_number()
    sequences = _chosen(mishap, last, rng)
    whole = {sequence: storage.get(journal.key(sequence)) for sequence in sequences}
    for sequence, data in whole.items():
        key = journal.key(sequence)
        if mishap is Mishap.SHORTENED:
            storage.put(key, data[: rng.randrange(1, len(data))])
        elif mishap is Mishap.EMPTIED:
            storage.put(key, b"")
        elif mishap is Mishap.ANOTHER:
            other = rng.choice([number for number in range(1, last + 1) if number != sequence])
            storage.put(key, storage.get(journal.key(other)))
        else:
            storage.delete(key)
        if mishap is Mishap.RENAMED:
            storage.put(f"{key}.bak", data)
        elif mishap is Mishap.MOVED:
            storage.put(f"lost-and-found/{sequence}", data)
    return Damage(mishap, whole)


def mend(storage: Storage, damage: Damage) -> None:
    """Restore the entries, as the sentences say."""
    for sequence, data in damage.whole.items():
        storage.put(Journal(storage, "shop").key(sequence), data)


def _chosen(mishap: Mishap, last: int, rng: random.Random) -> list[int]:
    if mishap is Mishap.ALL_REMOVED:
        return list(range(1, last + 1))
    if mishap is Mishap.END_REMOVED:
        return list(range(rng.randint(2, last), last + 1))
    if mishap is Mishap.SEVERAL_REMOVED:
        return sorted(rng.sample(range(1, last + 1), rng.randint(2, 4)))
    return [rng.randint(1, last)]
