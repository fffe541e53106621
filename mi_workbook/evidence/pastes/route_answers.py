"""What a system answered when it was asked for the route to one address: the row that every such tool's reader makes."""

from __future__ import annotations

import re
from typing import Any

from mi_workbook.evidence.pastes.shapes import bare_address

# A system's own words for "there is no route", as its error messages have them; a language that is not here reads as "failed".
NO_NETWORK = re.compile(
    r"network is unreachable|netzwerk ist nicht erreichbar|réseau n'est pas accessible|la red es inaccesible|rete non è raggiungibile|"
    r"rede está fora de alcance|сеть недоступна|ネットワークに到達できません|网络不可达|not in table",
    re.IGNORECASE,
)
NO_HOST = re.compile(
    r"no route to host|keine route zum zielrechner|aucun chemin d'accès|no hay ninguna ruta|nessun instradamento|não há rota|"
    r"нет маршрута|ホストへの経路がありません|没有到主机的路由",
    re.IGNORECASE,
)
NARROWED = "The question was narrowed to a source, an interface or a mark: an application that sets none may take another route."
NO_QUESTION = "The command is not in the paste, and the answer does not name the address that was asked about."


def answer_row(
    destination: str, result: str, *, gateway: str = "", interface: str = "", source: str = "", prefix: str = "",
    narrowed: bool = False, table: str = "", says: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The row: it is about this one address alone, whatever prefix the route that won has.

    destination: the address that was asked about, "" where it is not told. result: unicast | local | broadcast | multicast
    (it is sent), unreachable | prohibit | blackhole (there is no way), failed (the tool does not say why). prefix: of the route
    that won, "" where the tool does not show it. narrowed: the question named a source, an interface or a mark.
    """
    return {
        "what": "answer", "destination": bare_address(destination), "result": result, "gateway": bare_address(gateway),
        "interface": interface, "source": bare_address(source), "prefix": prefix, "narrowed": narrowed, "table": table,
        "says": says.strip()[:300],
    }  # fmt: skip


def refusal(text: str) -> str:
    """The result that an error message means."""
    return "unreachable" if NO_NETWORK.search(text) or NO_HOST.search(text) else "failed"
