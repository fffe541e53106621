"""What a collection may ask Azure for, what is lost without it, and a custom role that holds exactly that."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Permission:
    """An action, whether the built-in role Reader holds it, and what is lost without it.

    listed: False where Azure's list of operations does not name it, so that no custom role can be sure to take it; the
    built-in role Network Contributor holds it.
    """

    action: str
    reader: bool
    lost: str
    listed: bool = True


@cache
def permissions() -> tuple[Permission, ...]:
    """Every action a collection uses."""
    text = (files("mi_workbook.evidence.azure") / "permissions.toml").read_text(encoding="utf-8")
    return tuple(Permission(**one) for one in tomllib.loads(text)["permission"])


def lost_without(action: str) -> str:
    """What is lost without an action, "" where it is not one of ours."""
    return next((one.lost for one in permissions() if one.action.lower() == action.lower()), "")


def how_to_get(action: str) -> str:
    """How an account comes by an action."""
    one = next((one for one in permissions() if one.action.lower() == action.lower()), None)
    if one is not None and not one.listed:
        return f"Ask for the action {action}: the role Network Contributor holds it, and a custom role may not take its name."
    return f"Ask for the action {action} (mi-workbook permissions --json writes the whole role)."


def role(scopes: Iterable[str]) -> dict[str, Any]:
    """A custom role for `az role definition create --role-definition FILE`. scopes: ids of subscriptions or groups."""
    return {
        "Name": "SQL managed instance connectivity reader",
        "IsCustom": True,
        "Description": "Reads what decides whether an application reaches a SQL managed instance. Changes nothing.",
        "Actions": sorted(one.action for one in permissions() if one.listed),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": list(scopes) or ["/subscriptions/00000000-0000-0000-0000-000000000000"],
    }


def allows(granted: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether effective permissions hold an action.

    granted: elements of `GET <scope>/providers/Microsoft.Authorization/permissions`; an action counts where one element
    has it among its actions and not among its notActions.
    Source: "Understand Azure role definitions", section "Actions"; deny assignments are not part of that answer.
    """
    return any(_lists(one, "actions", action) and not _lists(one, "notActions", action) for one in granted)


def _lists(one: Mapping[str, Any], member: str, action: str) -> bool:
    patterns = one.get(member)
    found = patterns if isinstance(patterns, list) else []
    return any(fnmatch.fnmatchcase(action.lower(), str(pattern).lower()) for pattern in found)
