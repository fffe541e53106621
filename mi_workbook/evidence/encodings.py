"""Bytes of a file as text, whichever program of Windows, Linux or macOS wrote it."""

from __future__ import annotations

MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
OEM_BELOW = 0xB0  # letters with accents lie below it in code page 850, and above it in 1252


def text_of(data: bytes) -> str:
    """UTF-8; UTF-16 as PowerShell's > writes it, also without its mark; else a code page of Windows.

    cmd's > writes code page 850 or one of its kin in Western Europe, Set-Content of Windows PowerShell 1252. Which one it is
    can only be seen from where the letters with accents lie; no table is read by such letters, so that a wrong guess costs a
    name its accent. Raises UnicodeDecodeError for bytes that are no text.
    """
    mark = next((found for sign, found in MARKS.items() if data.startswith(sign)), "")
    if mark or data[1:2] == b"\x00":
        return data.decode(mark or "utf-16-le")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if b"\x00" in data:
            raise
        high = [byte for byte in data if byte > 127]
        oem = sum(byte < OEM_BELOW for byte in high) * 2 > len(high)
        return data.decode("cp850" if oem else "cp1252", errors="replace")
