"""Redaction: a snapshot that can be handed on. Names, ids and addresses get consistent pseudonyms; the verdict stays.

What is not known to be harmless is removed: a member stays only where `redaction.toml` lists it.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import re
import secrets
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mi_workbook.evidence.address_map import AddressMap
from mi_workbook.evidence.secrets import scrub
from mi_workbook.evidence.snapshot import Snapshot, from_document, props, type_of

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
HEX_LABEL = re.compile(r"[0-9a-f]{10,16}")
WORD = re.compile(r"[\w .:*/+,()-]{0,80}")
TAG = re.compile(r"[A-Za-z*][A-Za-z0-9.]{0,79}|Virtual Network|")
# Names of rules and routes that the service keeps in a network: what they begin with says which one it is.
SERVICE = "healthprobe|internal|optional|aad|onedsc|strg|azure|subnet"
RESERVED = re.compile(rf"(Microsoft\.[\w-]+?_UseOnly_(?:mi-)?(?:(?:{SERVICE})(?:-(?:in|out))?-?)?)(.*)", re.I)
INSTANCE = re.compile(r"(?P<host>[^,\\:]+)(?P<rest>.*)")


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads((files("mi_workbook.evidence") / "redaction.toml").read_text(encoding="utf-8"))


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(text.lower() for text in _lists()[name])


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted snapshot, and what was done: members removed and how often, kinds of pseudonyms and how many."""

    snapshot: Snapshot
    removed: dict[str, int]
    replaced: dict[str, int]


# Kinds whose members (address ranges of app routes, rules of firewalls, host names of relays) have no pseudonyms that keep the answer.
UNMAPPED = (
    "microsoft.web/sites/virtualnetworkconnections", "microsoft.web/serverfarms/virtualnetworkconnections", "microsoft.web/sites/slots", "microsoft.web/sites/hybridconnection",
    "microsoft.network/azurefirewalls", "microsoft.network/firewallpolicies", "microsoft.network/ipgroups",
)  # fmt: skip
# Members of web apps of the same sort: DNS servers of their own, and the addresses they leave from.
APP_MEMBERS = ("dnsConfiguration", "outboundIpAddresses", "possibleOutboundIpAddresses")


def unmapped(given: Snapshot) -> tuple[str, ...]:
    """Kinds in the evidence whose redaction could change an answer; empty where it surely keeps every answer."""
    kinds = {type_of(one) for one in given.resources if _unmapped(one)}
    told = {
        f"observation {one.get('kind')}" for one in given.observations if "value" in one and not _empty(one["value"])
    }
    return tuple(sorted(kinds | told))


def _empty(value: Any) -> bool:
    """True for an answer of Azure without a row: it says that there is nothing, and holds nothing to hide."""
    return value in ([], {"value": []}, {"value": [], "skipToken": ""})


def _unmapped(one: dict[str, Any]) -> bool:
    kind = type_of(one).lower()
    settings = kind == "microsoft.web/sites/config" and str(one.get("name", "")).lower().endswith("appsettings")
    own = kind == "microsoft.web/sites" and any(props(one).get(member) for member in APP_MEMBERS)
    return kind.startswith(UNMAPPED) or settings or own


class Redactor:
    """Pseudonyms under one key: the same input always gets the same one.

    key: 32 random bytes unless given; with the same key two snapshots stay comparable. It is written nowhere.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._addresses = AddressMap(self._key)
        self._labels: dict[str, str] = {}
        self._removed: Counter[str] = Counter()
        self._replaced: dict[str, set[str]] = {}

    def snapshot(self, given: Snapshot) -> Redacted:
        """A snapshot to hand on."""
        document = given.to_dict()
        source = document["source"]
        kept = {name: source[name] for name in ("kind", "complete", "scope", "requests") if name in source}
        if isinstance(source.get("subscriptions"), list):
            kept["subscriptions"] = [self._guid(str(one)) for one in source["subscriptions"]]
        if isinstance(source.get("done"), list):  # what was listed proves what is not there
            kept["done"] = [self._id(one) for one in source["done"] if isinstance(one, str)]
        resources = [self._object(scrub(one)) for one in document["resources"]]
        observations = [self._observation(scrub(one)) for one in document["observations"]]
        problems = [self._problem(one) for one in document["problems"]]
        self._removed.update(name for name in given.extra)
        replaced = {kind: len(texts) for kind, texts in sorted(self._replaced.items())}
        removed = dict(sorted(self._removed.items()))
        kept["redaction"] = {"removed": removed, "replaced": replaced}
        snapshot = from_document({
            "collected_at": given.collected_at, "cloud": given.cloud, "source": kept, "resources": resources,
            "observations": [one for one in observations if one], "problems": problems,
        })  # fmt: skip
        return Redacted(snapshot, removed, replaced)

    def question(self, text: str) -> str:
        """A source or target as it was asked, in the names of the redacted snapshot."""
        text = text.strip()
        if text.startswith("/"):
            return self._id(text)
        head, colon, tail = text.partition(":") if re.match(r"(?:p2s|onprem|er|ip):", text) else ("", "", text)
        if "=" in tail:
            name, _, address = tail.partition("=")
            named = name if name == "internet" else self._asked(name)
            return f"{head}{colon}{named}={self._address(address)}"
        if "/" in tail:
            return head + colon + "/".join(self._asked(part) for part in tail.split("/"))
        if head == "ip" or self._is_address(tail):
            return f"{head}{colon}{self._address(tail)}"
        found = INSTANCE.fullmatch(tail)
        if found is None or tail in ("internet", "this-machine"):
            return text
        return head + colon + ".".join(self._asked(label) for label in found["host"].split(".")) + found["rest"]

    def _asked(self, label: str) -> str:
        """A label somebody typed: where it is a slip of a known one, the same kind of slip of its pseudonym."""
        low = label.lower()
        if low in self._labels or low in _listed("kept_labels") or low in _listed("kept_names"):
            return self._label(label)
        near = difflib.get_close_matches(low, list(self._labels), 1, 0.75)
        if not near:
            return self._label(label)
        known = self._labels[near[0]]
        return known[:-2] + known[-1] + known[-2] if known[-1] != known[-2] else known + "x"

    def _object(self, given: Mapping[str, Any], inside: str = "") -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in given.items():
            found = self._member(name, value, inside)
            if found is None and value is not None:
                self._removed[name if re.fullmatch(r"\w{1,60}", name) else "(odd name)"] += 1
            else:
                kept[name] = found
        return kept

    def _member(self, name: str, value: Any, inside: str) -> Any:
        """The value to keep, None for one that goes. That a list is empty is an answer, and holds nothing to hide."""
        if value in ([], {}) and re.fullmatch(r"\w{1,60}", name):
            return value
        if isinstance(value, list):
            return self._list(name, value, inside)
        if isinstance(value, Mapping):
            return self._object(value, name.lower()) if name.lower() in _listed("structure") else None
        if isinstance(value, bool | int | float) or value is None:
            return value if any(name.lower() in _listed(one) for one in ("words", "structure")) else None
        return self._text(name.lower(), str(value), inside)

    def _list(self, name: str, values: list[Any], inside: str) -> list[Any] | None:
        known = ("structure", "words", "addresses", "names", "hosts", "ids")
        if not any(name.lower() in _listed(one) for one in known):
            return None
        found = [self._member(name, one, inside) for one in values]
        return [one for one in found if one is not None]

    def _text(self, name: str, value: str, inside: str) -> str | None:
        if value.lower().startswith("/subscriptions/"):
            return self._id(value)
        if name == "linuxfxversion":  # DOCKER|image, COMPOSE|file: the kind alone
            return value[: value.find("|") + 1] if re.match(r"[A-Z]{1,20}\|", value) else None
        if name in _listed("names") and inside not in ("sku",):
            return self._name(value)
        if name in _listed("hosts"):
            return self._host(value)
        if name in _listed("addresses"):
            return self._address(value)
        harmless = name in _listed("words") or (name, inside) == ("name", "sku")
        return value if harmless and WORD.fullmatch(value) else "" if value == "" and name in _listed("ids") else None

    def _observation(self, one: dict[str, Any]) -> dict[str, Any] | None:
        """An observation without its text: a text that was pasted may hold anything."""
        if "text" in one or not isinstance(one.get("value"), dict | list):
            self._removed["observation with a text"] += 1
            return None
        head = {name: one[name] for name in ("kind", "at", "format") if WORD.fullmatch(str(one.get(name, "")))}
        about = self._id(str(one.get("about", "")))
        if _empty(one["value"]):
            return head | {"about": about, "value": {"value": []}}
        return head | {"about": about, "value": self._member("value", one["value"], "")}

    def _problem(self, one: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: one[name] for name in ("operation", "status", "code", "kinds") if name in one}
        self._removed["message"] += bool(one.get("message"))
        return {**kept, "scope": self._id(str(one.get("scope", ""))), "message": ""}

    def _id(self, text: str) -> str:
        """An id with its names replaced; namespaces and types stay."""
        parts, kept, after = text.split("/"), [], "root"
        for part in parts:
            if after == "namespace":
                kept.append(part)
                after = "type"
            elif after not in ("root", "type"):
                kept.append(self._guid(part) if after == "subscriptions" else self._name(part, after))
                after = "type"
            else:
                kept.append(part if re.fullmatch(r"[\w.]*", part) else self._label(part))
                after = "root" if part == "" else "namespace" if part.lower() == "providers" else part
        return "/".join(kept)

    def _guid(self, text: str) -> str:
        if not GUID.fullmatch(text):
            return self._name(text)
        digest = hmac.digest(self._key, text.lower().encode(), hashlib.sha256).hex()
        self._note("subscriptions and other ids", text)
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"

    def _name(self, text: str, kind: str = "") -> str:
        if text.lower() in _listed("kept_names"):
            return text
        if found := RESERVED.fullmatch(text):
            return found[1] + self._label(found[2], kind)
        return ".".join(self._label(label, kind) for label in text.split("."))

    def _host(self, text: str) -> str:
        return ".".join(self._label(label) for label in text.split("."))

    def _label(self, text: str, kind: str = "") -> str:
        low = text.lower()
        if low in _listed("kept_labels") or low in _listed("kept_names"):
            return text
        if low not in self._labels:
            digest = hmac.digest(self._key, low.encode(), hashlib.sha256).hex()
            prefixes = {name.lower(): start for name, start in _lists()["prefixes"].items()}
            named = f"{prefixes.get(kind.lower(), 'n')}-{digest[:8]}"
            self._labels[low] = digest[: len(low)] if HEX_LABEL.fullmatch(low) else named
            self._note("names", low)
        return self._labels[low]

    def _address(self, text: str) -> str | None:
        try:
            mapped = self._addresses.prefix(text) if "/" in text else self._addresses.address(text)
        except ValueError:
            return text if TAG.fullmatch(text) else None
        self._note("addresses", text)
        return mapped

    def _is_address(self, text: str) -> bool:
        return bool(re.fullmatch(r"[\d.]+(?:/\d+)?", text))

    def _note(self, kind: str, text: str) -> None:
        self._replaced.setdefault(kind, set()).add(text)
