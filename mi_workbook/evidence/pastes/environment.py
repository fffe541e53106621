"""`SET WEBSITE_PRIVATE_IP`, `env`, `$env:...`: the settings by which an App Service says how it is integrated.

Rows: {"name", "value"} of the settings that matter for the network; value "" where the console says it is not defined.
Nothing else of the environment is kept, because connection strings and keys stand there, too.
Source: "Troubleshoot virtual network integration with Azure App Service", section "Check whether the app is integrated".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "environment"
TITLE = "Environment of an App Service"
COMMANDS = ("set", "env", "printenv", "export", "echo")
KEPT = (
    "WEBSITE_PRIVATE_IP|WEBSITE_PRIVATE_PORTS|WEBSITE_DNS_SERVER|WEBSITE_DNS_ALT_SERVER|WEBSITE_VNET_ROUTE_ALL|WEBSITE_VNETNAME|WEBSITE_INSTANCE_ID|"
    "WEBSITE_SITE_NAME|WEBSITE_SKU|WEBSITE_OS|REGION_NAME|WEBSITE_CONTENTOVERVNET|WEBSITE_ENABLE_DNS_CACHE"
)
SETTING = re.compile(rf"^\s*(?:export |declare -x )?(?P<name>{KEPT})=(?P<value>.*)$")
TABLE = re.compile(rf"^\s*(?P<name>{KEPT})\s+(?P<value>\S+)\s*$")
ANY = re.compile(r"^\s*(?:export |declare -x )?[A-Za-z_][\w().]*=")
ABSENT = re.compile(
    rf"(?P<name>{KEPT}|WEBSITE_\w{{0,30}})(?!\w).{{0,60}}(?:not defined|nicht definiert|n'est pas d.finie|no est. definida|non definita|未定义|定義されていません)",
    re.IGNORECASE,
)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of NAME=value with one of the settings among them; a run is not begun by a setting of another program."""

    def starts(text: str) -> bool:
        return bool(ANY.match(text) or ABSENT.search(text) or TABLE.match(text))

    for claim in at.blocks(lines, starts, lambda text: False, *COMMANDS):
        block = [one.text for one in lines[claim.first : claim.last + 1]]
        if any(SETTING.match(one) or ABSENT.search(one) or TABLE.match(one) for one in block):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """The settings that matter, the rest is counted."""
    found, others = at.Found(), 0
    for line in at.without_command(lines, *COMMANDS):
        text = line.text
        absent = ABSENT.search(text)
        if absent:
            found.rows.append({"name": absent["name"].upper(), "value": ""})
        elif known := (SETTING.match(text) or TABLE.match(text)):
            found.rows.append({"name": known["name"], "value": known["value"].strip().strip('"')})
        elif ANY.match(text):
            others += 1
        elif not at.blank(text):
            found.left.append(line)
    found.about = next((row["value"] for row in found.rows if row["name"] == "WEBSITE_SITE_NAME"), "")
    if others:
        found.say(f"{others} other settings were not kept; they can hold secrets.")
    if at.ends_open(lines):
        found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)
