"""How many files a process may have open, connections included."""

import resource
from typing import Final

# Files that a process has besides connections: the journal, databases, cameras, networks.
SPARE_COUNT: Final = 512


def allow_files(wanted: int) -> int:
    """Let this process, and those that it starts, open so many files; return what it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        soft = max(soft, most)
    return soft
