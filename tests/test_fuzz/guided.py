"""Coverage-guided fuzzing of every reader with atheris (pip install atheris; Linux).

    python tests/test_fuzz/guided.py files -max_total_time=60 [FOLDER]
    python tests/test_fuzz/guided.py pastes -runs=20000 [FOLDER]

Readers: files, pastes, strings, session, scenario. What follows the reader is for libFuzzer; a FOLDER keeps what it finds. It
starts from the built-in cases, scenarios and paste fixtures, and from `corpus` beside this file, where small finds are kept
that reach code of their own; a test replays those without atheris.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = Path(__file__).parent / "corpus"


def files(data: bytes) -> None:
    """Evidence: snapshot documents, lists, tables, templates, archives."""
    from mi_workbook.diagnosis.diagnose import diagnose
    from mi_workbook.evidence.files import load_bytes

    diagnose(load_bytes([("f.json", data)]), "vm", "mi")


def pastes(data: bytes) -> None:
    """Console output of any kind."""
    from mi_workbook.evidence.pastes.recognise import read_pastes

    read_pastes(data.decode("utf-8", "replace"))


def strings(data: bytes) -> None:
    """Connection strings, configuration files, error texts."""
    from mi_workbook.evidence.explain import explain

    explain(data.decode("utf-8", "replace"))


def session(data: bytes) -> None:
    """Session files. What is refused leaves the state as it was."""
    from mi_workbook.workbook.saved import resume
    from mi_workbook.workbook.state import State

    resume(State(), "session.json", data)


def scenario(data: bytes) -> None:
    """Scenario data."""
    from mi_workbook.guide.scenario import load_text

    load_text(data.decode("utf-8", "replace"), "x.toml")


READERS: dict[str, Callable[[bytes], None]] = {one.__name__: one for one in (files, pastes, strings, session, scenario)}


def read_or_refused(reader: str, data: bytes) -> None:
    """Read it; a refusal by name is fine, anything else is a crash."""
    from mi_workbook.core.errors import InputError

    try:
        READERS[reader](data)
    except InputError as refused:
        assert refused.what


def seeds(reader: str) -> list[bytes]:
    """Sound input to start from."""
    from mi_workbook.cases import all_cases
    from mi_workbook.guide.scenario import FOLDER
    from mi_workbook.workbook.saved import save
    from mi_workbook.workbook.state import State

    if reader in {"pastes", "strings"}:
        held = [file for file in sorted((ROOT / "tests/pastes/fixtures").rglob("*")) if file.suffix == ".txt"]
        return [file.read_bytes() for file in held if file.stat().st_size < 4000]
    if reader == "scenario":
        return [file.read_bytes() for file in sorted(FOLDER.glob("*.toml"))]
    cases = all_cases()[::12]
    if reader == "files":
        return [json.dumps(one.snapshot().to_dict()).encode() for one in cases]
    found = []
    for one in cases:
        state = State()
        state.take(one.snapshot(), f"case:{one.id}")
        state.question(one.source, one.target, one.endpoint)
        found.append(save(state).encode())
    return found


def main(arguments: list[str]) -> None:
    """Runs until libFuzzer's limit, or the first crash."""
    import atheris

    reader = arguments[1]
    with atheris.instrument_imports(include=["mi_workbook"]):
        read_or_refused(reader, b"{}")
    start = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, data in enumerate(seeds(reader)):
        (start / f"seed-{number}").write_bytes(data)
    own = [] if any(not one.startswith("-") for one in arguments[2:]) else [str(start)]
    kept = [str(CORPUS / reader)] if (CORPUS / reader).is_dir() else []  # libFuzzer ends where a folder is missing
    atheris.Setup([arguments[0], *arguments[2:], *own, str(start), *kept], lambda data: read_or_refused(reader, data))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(sys.argv)
