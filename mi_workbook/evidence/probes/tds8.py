"""Does the server speak TDS 8.0 (Encrypt=Strict): TLS first, the protocol `tds/8.0` asked for in it, then pre-login."""

from __future__ import annotations

from collections.abc import Callable

from mi_workbook.evidence.probes.outcome import Budget, never
from mi_workbook.evidence.probes.tds import TdsResult, probe


def probe_tds8(
    address: str, port: int, host: str, timeout: float = 15.0, cancelled: Callable[[], bool] = never
) -> TdsResult:
    """TLS and pre-login at an address for a host name, as TDS 8.0 has it. Never raises for what the network does.

    Source: MS-TDS 3.2.5.1; "TDS 8.0", section "How TDS works".
    """
    return probe(address, port, host, Budget(timeout, cancelled), strict=True)
