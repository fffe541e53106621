"""ARM resource ids: compared without case, taken apart by segment names."""

from __future__ import annotations

import re
import shlex

from mi_workbook.evidence.template import NO_GROUP, NO_SUBSCRIPTION

NOBODYS = NO_SUBSCRIPTION.rpartition("/")[2]
STAND_IN = re.compile(rf"(?<![\w.-]){NO_GROUP}([\w.()-]{{1,90}})")


def key(resource_id: str) -> str:
    """The form in which two spellings of one id are equal."""
    return resource_id.strip().rstrip("/").lower()


def same(one: str, other: str) -> bool:
    """True if both ids name one resource. Source: ARM ids are case-insensitive."""
    return key(one) == key(other)


def last(resource_id: str) -> str:
    """The resource's own name."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def segment(resource_id: str, name: str) -> str:
    """The value that follows `name` in the id ("resourceGroups" -> group), "" where absent."""
    parts = resource_id.split("/")
    lowered = [part.lower() for part in parts]
    if name.lower() not in lowered:
        return ""
    at = lowered.index(name.lower()) + 1
    return parts[at] if at < len(parts) else ""


def shell_word(value: str) -> str:
    """A value out of the evidence as one word of a command that a person copies, for bash, zsh and PowerShell alike.

    Inside single quotes all of them take every character as it is, but for the quote itself, which no Azure name may hold.
    """
    return shlex.quote("".join(c if c.isprintable() and c != "'" else "?" for c in unfilled(value)))


def unfilled(value: str) -> str:
    """A value for a command, where what an exported template does not say is a placeholder to fill in and no name.

    Source: "Export template" (a template holds neither its subscription nor its resource group).
    """
    return STAND_IN.sub(r"<group of \1>", value.replace(NOBODYS, "<subscription>"))


def vnet_of(subnet_id: str) -> str:
    """The id of the VNet a subnet lies in, the id itself where it names no subnet."""
    at = subnet_id.lower().rfind("/subnets/")
    return subnet_id[:at] if at >= 0 else subnet_id


def parent(resource_id: str) -> str:
    """The id without its last type/name pair."""
    return "/".join(resource_id.rstrip("/").split("/")[:-2])
