"""The server name in commands that fetch what is missing: the reader copies them as they stand."""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.evidence import Gap
from mi_workbook.diagnosis.looking import Look
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT
from mi_workbook.network.resource_id import shell_word

BLANK = "<server name>"


def with_name(seen: Look, text: str) -> str:
    """A text with the name, and the port, of the endpoint that was asked about; as it is where the evidence holds no name."""
    if seen.question is None or BLANK not in text:
        return text
    instance, public = seen.question.instance, seen.question.endpoint == "public"
    name = instance.public_fqdn if public else instance.fqdn
    if not name:
        return text
    # The public endpoint listens on a port of its own. Source: "Configure public endpoint in SQL Managed Instance".
    text = text.replace(str(NORMAL_PORT), str(PUBLIC_PORT)) if public else text
    return text.replace(BLANK, shell_word(name))


def gaps_of(seen: Look) -> tuple[Gap, ...]:
    """What is missing, each with a way to get it that can be followed as it stands."""
    return tuple(dict.fromkeys(replace(gap, how=with_name(seen, gap.how)) for gap in seen.gaps))
