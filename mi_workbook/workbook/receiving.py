"""Files that a browser sends in parts, put together again. No widgets."""

from __future__ import annotations

from typing import Any

from mi_workbook.core.errors import InputError

LIMIT = 200 * 1024 * 1024  # bytes of one drop; what is larger goes by `mi-workbook diagnose FILE`
MOST_FILES = 2000


class Receiving:
    """The drop that is on its way. size: bytes of it that came so far."""

    def __init__(self) -> None:
        self._drop = ""
        self._files: dict[int, tuple[str, bytearray]] = {}
        self.size = 0

    def forget(self) -> None:
        """Drop what came so far; parts of the same drop that still come are refused."""
        self._drop, self._files, self.size = "", {}, 0

    def part(self, message: Any, buffers: list[Any]) -> list[tuple[str, bytes]] | None:
        """Take {"drop": id, "first": bool, "file": number, "name", "last": bool} with its bytes.

        Gives the files, as name and content, once the last part came, else None. Raises InputError for a part of another
        drop, and for a drop that is too large.
        """
        drop, file, name = message.get("drop"), message.get("file"), message.get("name")
        if not (
            isinstance(drop, str) and drop and isinstance(name, str) and type(file) is int and 0 <= file < MOST_FILES
        ):
            raise InputError("The browser sent a part of a file that cannot be placed.", remedy="Drop the files again.")
        if message.get("first") is True:
            self.forget()
            self._drop = drop
        if drop != self._drop:
            raise InputError("The files did not come whole.", remedy="Drop them again.")
        held = self._files.setdefault(file, (name, bytearray()))[1]
        for data in buffers:
            held += bytes(data)
            self.size += len(data)
        if self.size > LIMIT:
            self.forget()
            raise InputError(
                f"That is more than {LIMIT >> 20} MiB at once.", remedy="Use mi-workbook diagnose FILE instead."
            )
        if message.get("last") is not True:
            return None
        whole = [(name, bytes(data)) for _, (name, data) in sorted(self._files.items())]
        self.forget()
        return whole
