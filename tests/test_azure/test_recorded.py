"""Bodies that Azure itself once sent, served from loopback: they are kept as they are and load again."""

import json
from pathlib import Path

import pytest

from mi_workbook.diagnosis.collecting import collect_everything
from mi_workbook.evidence.files import load
from mi_workbook.evidence.secrets import scrub
from mi_workbook.evidence.snapshot import type_of
from tests.test_azure.arm_server import Estate, FakeCredential

ACTIONS = {"effectiveRouteTable": "effective-routes", "getLearnedRoutes": "learned-routes"}


@pytest.fixture
def recorded(data: Path) -> list[dict]:
    """Resources among the recorded bodies, each id once."""
    if not (data / "arm").is_dir():
        pytest.skip("The recorded material is not beside this checkout.")
    found: dict[str, dict] = {}
    for path in sorted((data / "arm").rglob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        rows = body if isinstance(body, list) else body["value"] if isinstance(body.get("value"), list) else [body]
        for row in rows:
            if isinstance(row, dict) and str(row.get("id", "")).startswith("/subscriptions/") and row.get("name"):
                found.setdefault(row["id"].lower(), {"type": type_of(row), **row})
    return list(found.values())


def test_recorded_resources_are_collected_whole(recorded: list[dict], serve, tmp_path: Path) -> None:
    """Nothing of a real body gets lost but secrets and tags; the saved file loads."""
    estate = Estate(recorded)
    got = collect_everything(FakeCredential(), serve(estate, seconds=60.0))
    assert len(recorded) > 30
    live = {line.removeprefix("GET ").lower() for line in estate.requests if line.startswith("GET ")}
    compared = 0
    for one in recorded:
        held = got.snapshot.get(one["id"])
        if one["id"].lower() in live and type_of(one).count("/") == 1 and isinstance(one.get("properties"), dict):
            assert held == scrub(one), one["id"]
            compared += 1
    assert compared > 20
    got.snapshot.save(tmp_path / "estate.json.gz")
    assert len(load(tmp_path / "estate.json.gz").resources) == len(got.snapshot.resources)
