"""The formats of answers: DNS, TCP probes, traces, checkers, and tables printed by az and the Portal."""

from __future__ import annotations

from mi_workbook.evidence.pastes.paste import Parser

ANSWERS: tuple[Parser, ...] = ()
