"""Files are replaced whole: whoever reads one sees the old text or the new one, also when the disk is full or the process dies."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: str | os.PathLike[str], data: bytes, *, owner_only: bool = False) -> None:
    """Write a file; an older one stays until the new one is whole. A link is followed, a pipe or a device is written to.

    owner_only: nobody else may read it; otherwise it has the permissions that new files of this process get.
    Raises OSError where the system refuses; nothing half-written is left behind.
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    target = target.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".mi-workbook-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not owner_only:
            Path(name).chmod(0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The mode that new files of this process get; temporary files are for the owner only."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
