"""A snapshot to hand on: each of its parts under one set of pseudonyms, and what was removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.progress import each
from mi_workbook.evidence.pasted import FORMAT as PASTE
from mi_workbook.evidence.pastes.answer_text import CUT_OFF, MAY_GO_ON, NO_MARK
from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.shapes import FILTERED, NO_END
from mi_workbook.evidence.redaction.members import GONE, Members
from mi_workbook.evidence.redaction.pseudonyms import OWN_WORDS, Pseudonyms
from mi_workbook.evidence.redaction.vocabulary import TIME, is_kind, is_type, is_word, listed
from mi_workbook.evidence.snapshot import UNSTATED, Snapshot, from_document, type_of

PASTED = frozenset(parser.KIND for parser in FORMATS)
NOTES = frozenset({CUT_OFF, MAY_GO_ON, NO_MARK, FILTERED, NO_END})
# Observations whose rows name interfaces, and the one whose rows are rules of a packet filter.
OF_INTERFACES = frozenset({"ipconfig", "route-print", "machine-interfaces"})
OF_FILTERS = "linux-firewall"
OWN_MARKS = ("sha256", "redaction")  # of this product; both are made anew
RESOURCE, SEEN = ("members",), ("seen", "members")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted snapshot, and what was done.

    removed: names of members, kinds of resources and of observations that went, and how often. They are the owner's words
    in part, so they are for the owner's eyes; the snapshot holds their numbers alone. replaced: kinds of pseudonyms, and
    how many.
    """

    snapshot: Snapshot
    removed: dict[str, int]
    replaced: dict[str, int]


class Redactor:
    """Pseudonyms under one key: the same input always gets the same one.

    key: 32 random bytes unless given; with the same key two snapshots stay comparable. It is written nowhere.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._names = Pseudonyms(key)
        self._removed: Counter[str] = Counter()
        self._of_resources = Members(self._names, self._removed, RESOURCE)
        self._of_rows = Members(self._names, self._removed, SEEN)
        self._of_interfaces = Members(self._names, self._removed, SEEN, {"name": "interfaces"})
        self._of_filters = Members(self._names, self._removed, SEEN, {"text": "filters", "rules": "filters"})

    def snapshot(self, given: Snapshot) -> Redacted:
        """A snapshot to hand on."""
        document = given.to_dict()
        resources = [self._resource(one) for one in each(document["resources"], "Replacing names")]
        observations = [self._observation(one) for one in document["observations"]]
        problems = [self._problem(one) for one in document["problems"]]
        source = self._source(document["source"])
        self._removed.update(given.extra.keys())
        self._removed += Counter()  # without those of which none went
        replaced = {kind: len(texts) for kind, texts in sorted(self._names.replaced.items())}
        source["redaction"] = {"removed": sum(self._removed.values()), "replaced": replaced}
        snapshot = from_document({
            "collected_at": given.collected_at if TIME.fullmatch(given.collected_at) else "",
            "cloud": self._names.word(given.cloud), "source": source, "resources": [one for one in resources if one],
            "observations": [one for one in observations if one], "problems": problems,
        })  # fmt: skip
        return Redacted(snapshot, dict(sorted(self._removed.items())), replaced)

    def question(self, text: str) -> str:
        """A source or target as it was asked, in the names of the redacted snapshot."""
        return self._names.question(text)

    def pairs(self) -> dict[str, dict[str, str]]:
        """What stands for what, by kind: pseudonym to original. For the owner's eyes."""
        return {
            kind: {stands: text for text, stands in sorted(found.items())}
            for kind, found in sorted(self._names.replaced.items())
        }

    def _source(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Where the evidence comes from, and what was read whole: that proves what is not there."""
        kept: dict[str, Any] = {
            name: self._names.word(given[name]) for name in ("kind", "scope") if isinstance(given.get(name), str)
        }
        kept |= {name: given[name] for name in ("requests", UNSTATED) if isinstance(given.get(name), int)}
        if isinstance(given.get("complete"), list):
            kept["complete"] = [str(one) for one in given["complete"] if is_type(str(one))]
        if isinstance(given.get("subscriptions"), list):
            kept["subscriptions"] = [self._names.guid(str(one)) for one in given["subscriptions"]]
        if isinstance(given.get("done"), list):
            kept["done"] = [self._names.id(one) for one in given["done"] if isinstance(one, str)]
        self._removed.update(f"source: {name}" for name in given if name not in kept and name not in OWN_MARKS)
        return kept

    def _resource(self, one: dict[str, Any]) -> dict[str, Any] | None:
        kind = type_of(one)
        if not is_kind(kind):
            self._removed[f"resource of kind {kind or 'that is not told'}"] += 1
            return None
        return self._of_resources.object(one)

    def _observation(self, one: dict[str, Any]) -> dict[str, Any] | None:
        """The rows of an observation; a raw text may hold anything, and rows of an unknown kind have no rules."""
        kind, value = str(one.get("kind", "")), one.get("value")
        if not (kind in PASTED or kind.lower() in listed("observations")) or not isinstance(value, dict | list):
            self._removed["observation with a text" if "text" in one else f"observation {kind}"] += 1
            return None
        members = self._members_of(kind)
        kept = members.object({"value": value})
        if value and not kept.get("value"):  # nothing of it may stay, and an empty one would say that nothing is there
            self._removed[f"observation {kind}"] += 1
            return None
        return {"kind": kind, **self._head(one), **kept}

    def _members_of(self, kind: str) -> Members:
        if kind in OF_INTERFACES:
            return self._of_interfaces
        return self._of_filters if kind == OF_FILTERS else self._of_rows

    def _head(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """Whose it is, and how whole it is; lines that were not understood keep their numbers alone."""
        head: dict[str, Any] = {
            name: self._place(str(one[name])) for name in ("about", "from") if isinstance(one.get(name), str)
        }
        head |= {name: one[name] for name in ("at", "format") if _is_plain(one.get(name))}
        head |= {name: one[name] for name in ("whole", "complete") if isinstance(one.get(name), bool)}
        if one.get("format") != PASTE:
            return head
        if isinstance(one.get("file"), str):
            head["file"] = self._names.label(one["file"])
        if isinstance(one.get("notes"), list):
            head["notes"] = [note if note in NOTES else GONE for note in one["notes"]]
            self._removed["notes"] += head["notes"].count(GONE)
        lists = {name: one[name] for name in ("lines", "not_understood") if isinstance(one.get(name), list)}
        return head | self._of_rows.object(lists)

    def _place(self, text: str) -> str:
        return text if text in OWN_WORDS else self._names.question(text)

    def _problem(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """What could not be read. The message is Azure's, with names in it."""
        kept: dict[str, Any] = {"operation": self._names.operation(str(one.get("operation", "")))}
        if "code" in one:
            kept["code"] = self._names.word(str(one["code"]))
        if isinstance(one.get("status"), int):
            kept["status"] = one["status"]
        if isinstance(one.get("kinds"), list):
            kept["kinds"] = [str(kind) for kind in one["kinds"] if is_type(str(kind))]
        self._removed["message"] += bool(one.get("message"))
        return {**kept, "scope": self._names.id(str(one.get("scope", ""))), "message": ""}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or is_word(value))
