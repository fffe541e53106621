"""The one place that makes untrusted text safe to show: HTML, Markdown, terminals, CSV."""

from __future__ import annotations

import html
import re

# Control characters, and the marks that turn the reading direction: shown, never obeyed.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# What a cell begins with that a spreadsheet takes for a formula, in the wide forms of East Asian keyboards as well.
FORMULAS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def plain(text: object) -> str:
    """Text without control characters; each becomes a visible mark."""
    return HIDDEN.sub("\ufffd", str(text))


def escape(text: object) -> str:
    """Text for HTML content and attributes."""
    return html.escape(plain(text), quote=True)


def md(text: object) -> str:
    """Text for Markdown: no markup, no HTML, one line."""
    flat = " ".join(plain(text).split())
    return re.sub(r"([\\`*_{}\[\]()#+!|~>])", r"\\\1", flat).replace("<", "&lt;")


def csv_cell(text: object) -> str:
    """Text for a CSV cell that no spreadsheet takes for a formula."""
    shown = plain(text)
    guarded = f"'{shown}" if shown[:1] in FORMULAS else shown
    return '"' + guarded.replace('"', '""') + '"'
