"""Files that systems, file servers, synchronisers, editors and browsers leave beside people's.

It is nobody's picture and nobody's table, so whoever reads a folder passes it over, and leaves it
where it is. Names are compared without regard to case, as Windows and macOS write them.
"""

import re
from collections.abc import Sequence
from typing import Final

# Folders, by whom: what lies below them is passed over, too.
_FOLDERS: Final = frozenset(
    name.casefold()
    for name in (
        # Synology, QNAP, Asustor, NetApp and others
        *("@eaDir", "#recycle", "#snapshot", "@tmp", "@sharebin", "@Recycle", "@Recently-Snapshot"),
        *("@appstore", "@database", "@upload_tmp", "~snapshot", "Network Recycle Bin"),
        *("Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder", "@__thumb"),
        # Windows
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "FOUND.000"),
        # macOS, Linux
        *("__MACOSX", "lost+found"),
    )
)
_FILES: Final = frozenset(
    name.casefold()
    for name in (
        # Windows
        *("Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "IconCache.db"),
        *("AlbumArtSmall.jpg", "Folder.htt", "autorun.inf"),
        # macOS: a folder's own icon, whose name ends with a carriage return
        *("Icon\r", "Icon\uf00d"),
        # Picasa, ACDSee, digiKam, Adobe Bridge
        *("Picasa.ini", "ZbThumbnail.info", "descript.ion", "thumbs.dir"),
    )
)
# Half of a file, a lock, a link, a backup.
_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        # hidden: .DS_Store, ._x, .git, .dropbox, .syncthing.x.tmp, .x.icloud, .~lock.x#
        r"\.(?!\.?\Z).*",
        r"SYNO(INDEX|PHOTO|VIDEO|FILE)_.*",  # Synology's previews
        r"~\$.*",  # Office's locks
        r"#.*#",  # Emacs
        r".*~",  # editors' backups
        r"~.*\.tmp|~syncthing~.*",  # OneDrive, Syncthing
        r"\$[IR][0-9A-Z]{6}(\..*)?",  # Windows' recycle bin
        r".*\.(tmp|temp|swp|swo|bak|orig|old)",
        # half-downloads of Firefox, Chrome, Edge, Safari, Opera, curl, aria2, wget, WinSCP, rsync
        r".*\.(part|partial|crdownload|download|opdownload|filepart|aria2|!ut|!qb|wget|incomplete)",
        r".*\.(lnk|url|webloc|desktop)",  # links to other places
        r".*\.(gdoc|gsheet|gslides|gdraw)",  # Google Drive's links
        r"\.?fuse_hidden.*",
    )
)


def is_rubbish(parts: Sequence[str]) -> bool:
    """Return whether a file is passed over because of its name or of a folder that it lies in.

    Args:
        parts: folders and the file's name, below the folder that somebody gave; not their own.
    """
    *folders, name = parts
    if any(_is_rubbish_folder(folder) for folder in folders):
        return True
    return (
        name.casefold() in _FILES
        or _is_rubbish_folder(name)
        or any(pattern.fullmatch(name) for pattern in _PATTERNS)
    )


def _is_rubbish_folder(name: str) -> bool:
    folded = name.casefold()
    is_hidden = name.startswith(".") and name not in (".", "..")
    return is_hidden or folded in _FOLDERS or folded.endswith(".download")  # Safari's halves
