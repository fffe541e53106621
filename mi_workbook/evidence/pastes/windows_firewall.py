"""Windows' own firewall as the guide asks for it: its profiles, and every enabled rule that blocks what goes out.

`Get-NetFirewallProfile ... | Format-List Name, Enabled, DefaultOutboundAction` and the list of `BlockRule` objects that ends
with END. Rows: {"what": "profile", "name", "enabled": bool|None, "outbound": "Allow"|"Block"|"NotConfigured"} or {"what":
"block-rule", "name", "profile", "protocol", "ports": [str], "addresses": [str], "program"}, and
{"what": "rules-end", "list": "complete"} where the list of rules was shown to its end. Property names are not translated. Whole is a list of rules with its last line, and a list of the three profiles.
Source: documentation of Get-NetFirewallProfile and Get-NetFirewallRule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "windows-firewall"
TITLE = "Windows firewall"
END = "End of the outbound block rules"
ENDED = {"what": "rules-end", "list": "complete"}
COMMANDS = ("get-netfirewallprofile", "get-netfirewallrule")
PROFILES = {"domain", "private", "public"}
PROFILE_KEYS = {"name", "enabled", "defaultoutboundaction"}
RULE_KEYS = {"blockrule", "profile", "protocol", "remoteport", "remoteaddress", "program"}
SAID = {"true": True, "false": False}


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Lists that begin with one of Windows' three profiles or a BlockRule; the end line alone is a list of no rule."""
    return at.runs(lines, _list, *COMMANDS)


def _list(lines: Sequence[Line], here: int) -> tuple[int, bool] | None:
    """The last line of the list that begins here, and whether it says anything of what is blocked."""
    if not _starts(lines[here].text):
        return None
    end = last = here
    profiles = _of_profiles(lines[here].text)
    while end < len(lines) and _goes_on(lines[end].text, profiles):
        last = last if at.blank(lines[end].text) else end
        if _is_end(lines[end].text):
            break
        end += 1
    return last, any(_tells(one.text) for one in lines[here : last + 1])


def _goes_on(text: str, profiles: bool) -> bool:
    """The list of profiles and that of rules are two outputs, also where nothing stands between them."""
    return at.blank(text) or (_belongs(text) and not (_starts(text) and _of_profiles(text) is not profiles))


def _of_profiles(text: str) -> bool:
    return _pair(text)[0] == "name"


def _starts(text: str) -> bool:
    return _begins(text) or _is_end(text)


def _begins(text: str) -> bool:
    key, value = _pair(text)
    return (key == "name" and value.lower() in PROFILES) or key == "blockrule"


def _belongs(text: str) -> bool:
    return _is_end(text) or _pair(text)[0] in PROFILE_KEYS | RULE_KEYS


def _tells(text: str) -> bool:
    return _is_end(text) or _pair(text)[0] in {"defaultoutboundaction", "blockrule"}


def _pair(text: str) -> tuple[str, str]:
    found = az.PROPERTY.match(text[: at.LONGEST_LINE])
    return (at.letters(found["key"]), (found["value"] or "").strip()) if found else ("", "")


def _is_end(text: str) -> bool:
    return text.strip() == END


def read(lines: Sequence[Line]) -> Reading:
    """Profiles and rules of one machine."""
    found = at.Found()
    ended = any(_is_end(line.text) for line in lines)
    body = [line for line in at.without_command(lines, *COMMANDS) if not _is_end(line.text)]
    for entry in az.entries(body, found.left):
        if "blockrule" in entry:
            found.rows.append(
                {
                    "what": "block-rule", "name": entry["blockrule"], "profile": entry.get("profile", ""),
                    "protocol": entry.get("protocol", ""), "ports": az.texts(entry.get("remoteport")),
                    "addresses": az.texts(entry.get("remoteaddress")), "program": entry.get("program", ""),
                }
            )  # fmt: skip
        else:
            found.rows.append(
                {
                    "what": "profile", "name": entry.get("name", ""), "enabled": SAID.get(entry.get("enabled", "").lower()),
                    "outbound": entry.get("defaultoutboundaction", ""),
                }
            )  # fmt: skip
    shown = [row for row in found.rows if row["what"] == "profile"]
    found.rows += [dict(ENDED)] if ended else []
    if shown and not {row["name"].lower() for row in shown if row["outbound"]} >= PROFILES:
        found.cut("Not all three profiles are there, each with its action.")
    if not ended and len(shown) < len(found.rows):
        found.cut(f"The line '{END}' is missing: more rules may have followed.")
    return found.reading(KIND, TITLE, lines)
