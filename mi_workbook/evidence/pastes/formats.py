"""The formats that a paste is searched for, the surest first: a later one sees only what an earlier one left."""

from __future__ import annotations

from mi_workbook.evidence.pastes import ip_route, linux_netstat, macos_netstat, route_print
from mi_workbook.evidence.pastes.answers import ANSWERS
from mi_workbook.evidence.pastes.paste import Parser

FORMATS: tuple[Parser, ...] = (macos_netstat, linux_netstat, ip_route, route_print, *ANSWERS)
