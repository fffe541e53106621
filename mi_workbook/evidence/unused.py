"""JSON that is no evidence of a network: what it is, said to the user, and refusals of Azure among it as problems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mi_workbook.evidence.pasted import FORMAT
from mi_workbook.evidence.secrets import scrub_text
from mi_workbook.evidence.snapshot import field, type_of

# Forms that people send in place of what Azure returns: the members that tell them, and what to send instead.
KNOWN = (
    ({"terraform_version"}, "Terraform's state, which says what Terraform made: send what Azure returns, 'az ... -o json'."),
    ({"format_version", "values"}, "Terraform's plan or state: send what Azure returns, 'az ... -o json'."),
    ({"log"}, "a browser's recording (HAR), which holds the tokens of whoever recorded it: do not pass it on; send 'az ... -o json'."),
    ({"slotSetting"}, "application settings without their app: send 'az webapp show -o json' and, for the settings, 'az resource show --ids <app id>/config/appsettings'."),
    ({"connectionStatus", "hops"}, "Network Watcher's connection test: read the issues of its hops; the configuration it ran on is what counts here."),
    ({"access", "ruleName"}, "Network Watcher's IP flow verify, which does not say for which flow: send the security groups themselves."),
    ({"createdDateTime", "resources"}, "Network Watcher's topology, which holds names only: send what az ... list -o json returns for each kind."),
    ({"tables"}, "a table of the Resource Graph's older form: send 'az graph query -q ... -o json'."),
)  # fmt: skip
ACTION = re.compile(r"Microsoft\.[A-Za-z]+(?:/[A-Za-z]+)+/(?:read|action)\b")
SCOPE = re.compile(r"/subscriptions/[^\s'\",]+")
SHOWN = 12


# Errors that mean: it may be there, and was not shown. Source: Resource Manager, "Troubleshoot common errors".
NOT_SHOWN = frozenset({"authorizationfailed", "linkedauthorizationfailed", "forbidden", "invalidauthenticationtoken", "expiredauthenticationtoken",
                       "authenticationfailed", "toomanyrequests", "subscriptionnotfound", "invalidsubscriptionid"})  # fmt: skip


def is_known(value: Any) -> bool:
    """True for a form that is known to hold no evidence of a network; what bears the id of a resource is one, whatever else it holds."""
    members = _members(value)
    return any(signs <= members for signs, _ in KNOWN) and not _has_resource(value)


def _has_resource(value: Any) -> bool:
    rows: Iterable[Any] = value if isinstance(value, list) else [value]
    ids = (field(one, "id") for one in rows if isinstance(one, dict) and type_of(one))
    return any(isinstance(at, str) and at.lower().startswith("/subscriptions/") for at in ids)


def unused(name: str, value: Any) -> dict[str, Any]:
    """A note that the file was there and nothing in it was used; the names of its members, never their values."""
    members = _members(value)
    known = next((words for signs, words in KNOWN if signs <= members), "")
    shown = ", ".join(sorted(one for one in members if re.fullmatch(r"[\w.$@-]{1,40}", one))[:SHOWN])
    text = f"This is {known}" if known else f"JSON of no form that is known here, with the members {shown or '(none)'}."
    return {
        "kind": "not-understood",
        "about": "",
        "at": "",
        "format": FORMAT,
        "file": name,
        "value": [{"line": 1, "text": text}],
    }


def _members(value: Any) -> set[str]:
    rows: Iterable[Any] = value if isinstance(value, list) else [value]
    return {str(key) for one in rows if isinstance(one, dict) for key in one}


def refused(name: str, value: Any) -> list[dict[str, Any]]:
    """A problem for an error that Azure answered in place of a resource: what was asked for is not in the evidence."""
    error = field(value, "error") if isinstance(value, dict) else None
    if not isinstance(error, dict) or not isinstance(field(error, "code"), str):
        return []
    message = scrub_text(str(field(error, "message") or ""))[:1000]
    code = str(field(error, "code"))
    action, scope = ACTION.search(message), SCOPE.search(message)
    return [{
        "scope": scope[0].rstrip(".") if scope else "", "operation": action[0] if action else "", "status": None,
        "code": code, "message": f"{name}: {message}", **({} if code.lower() in NOT_SHOWN else {"kinds": []}),
    }]  # fmt: skip
