"""Whether a snapshot is what was collected: a hash of its content, kept in its source."""

from __future__ import annotations

import hashlib
import json

from mi_workbook.evidence.snapshot import Snapshot, from_document

MEMBER = "sha256"
CHANGED = "it is not what was collected: its content does not fit the hash in it. The answer is about what it says now."


def digest(snapshot: Snapshot) -> str:
    """SHA-256 (hex) of the snapshot's document in canonical JSON, without the hash itself."""
    document = snapshot.to_dict()
    document["source"] = {name: value for name, value in document["source"].items() if name != MEMBER}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(snapshot: Snapshot) -> Snapshot:
    """The snapshot with its hash in `source`. It shows accidents and careless edits; it is no signature."""
    document = snapshot.to_dict()
    return from_document({**document, "source": {**document["source"], MEMBER: digest(snapshot)}})


def state(snapshot: Snapshot) -> str:
    """intact, changed, or unsealed where it holds no hash."""
    kept = snapshot.source.get(MEMBER)
    return "unsealed" if not kept else "intact" if kept == digest(snapshot) else "changed"
