"""A collection that is killed, whose token runs out, whose clock is wrong or whose proxy is gone."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Settings, collect_path
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.azure import arm
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot, from_document
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of

Serve = Callable[..., Settings]
ONE = case("vnet-to-vnet-healthy")
COLLECT = """
import sys
from pathlib import Path
from mi_workbook.diagnosis.collecting import Settings, collect_path
from mi_workbook.evidence.azure import collect
from mi_workbook.evidence.azure.clouds import custom
from tests.test_azure.arm_server import FakeCredential

collect.SAVE_EVERY = 0.0
url, certificate, out, source, target = sys.argv[1:]
collect_path(FakeCredential(), source, target, settings=Settings(
    cloud=custom(url, url), verify=certificate, seconds=120.0, slow=60.0, save=lambda held: held.save(out)))
"""


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits between attempts, and no proxy of this machine."""
    monkeypatch.setattr(arm, "PAUSE", 0.005)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def never(handler: Handler) -> None:
    """No answer while anybody waits for it."""
    time.sleep(20)
    handler.close_connection = True


def test_killed_collection_goes_on_where_it_was(serve: Serve, tmp_path: Path) -> None:
    """kill -9 in the middle: the file on disk is whole, and going on with it gives the answer."""
    out = tmp_path / "estate.json.gz"
    estate = estate_of(ONE, faults=[Fault("GET .*", never, after=7, times=4)])
    settings = serve(estate)
    running = subprocess.Popen(
        [sys.executable, "-c", COLLECT, settings.cloud.endpoint, str(settings.verify), str(out), ONE.source, ONE.target]
    )
    try:
        for _ in range(600):
            if (out.exists() and load(out).resources) or running.poll() is not None:
                break
            time.sleep(0.1)
    finally:
        running.kill()
        running.wait()
    assert out.exists()
    held = load(out)
    assert held.resources
    estate.faults.clear()
    found = collect_path(FakeCredential(), ONE.source, ONE.target, settings=replace(settings, started=held))
    assert found.diagnosis is not None and found.diagnosis.verdict == ONE.verdict


def page_of(handler: Handler) -> tuple[str, str]:
    """Which table of Resource Graph is asked for, and from which row on."""
    asked = json.loads(handler.body)
    return asked["query"].split()[0], asked["options"].get("$skipToken") or ""


def test_collection_killed_after_its_first_page_goes_on_with_the_second(serve: Serve, tmp_path: Path) -> None:
    """kill -9 while the second page is awaited: the first one is on disk, and no row of it is asked for again."""
    out, seen = tmp_path / "estate.json", list[tuple[str, str]]()

    def first_page_only(handler: Handler) -> None:
        seen.append(page_of(handler))
        (never if seen[-1][1] else Handler.answer)(handler)

    estate = estate_of(ONE, page=3, faults=[Fault("ResourceGraph", first_page_only)])
    settings = serve(estate)
    run = [sys.executable, "-c", COLLECT.replace("collect.SAVE_EVERY = 0.0", ""), settings.cloud.endpoint,
           str(settings.verify), str(out), ONE.source, ONE.target]  # fmt: skip
    running = subprocess.Popen(run)
    try:
        for _ in range(300):
            if out.exists() and load(out).resources:
                break
            time.sleep(0.1)
    finally:
        running.kill()
        running.wait()
    held = load(out)
    rows = {one["id"].lower() for one in held.resources}
    assert rows and "unfinished" in held.source
    assert held.absence("Microsoft.Network/virtualNetworks") == "unproven"
    assert diagnose_or_none(held) in {None, Verdict.UNKNOWN}
    estate.faults = [Fault("ResourceGraph", lambda handler: (seen.append(page_of(handler)), handler.answer()))]
    seen.clear()
    found = collect_path(FakeCredential(), ONE.source, ONE.target, settings=replace(settings, started=held))
    assert found.diagnosis is not None and found.diagnosis.verdict == ONE.verdict and not found.snapshot.problems
    assert ("Resources", "") not in seen and ("Resources", "3") in seen
    assert rows < {one["id"].lower() for one in found.snapshot.resources}
    assert (
        "unfinished" not in found.snapshot.source
        and found.snapshot.absence("Microsoft.Network/virtualNetworks") == "proven"
    )


def diagnose_or_none(held: Snapshot) -> Verdict | None:
    """The verdict on what there is, None where the question does not even fit it."""
    try:
        return diagnose(held, ONE.source, ONE.target).verdict
    except InputError:
        return None


def cut_after_a_page(serve: Serve, estate: Estate) -> Snapshot:
    """What is left of a collection whose second page of Resource Graph never came."""

    def later(handler: Handler) -> None:
        handler.say(503, refusal("ServiceUnavailable")) if page_of(handler)[1] else handler.answer()

    estate.faults = [Fault("ResourceGraph", later)]
    held = collect_path(FakeCredential(), ONE.source, ONE.target, settings=serve(estate)).snapshot
    assert "unfinished" in held.source
    estate.faults = []
    return from_document(json.loads(json.dumps(held.to_dict())))


def test_new_permission_makes_rows_that_were_left_out_count(serve: Serve) -> None:
    """Pages read with less permission left rows out in silence: with more of it they are asked for again, from the first."""
    whole, less = estate_of(ONE, page=3), [{"actions": ["Microsoft.Sql/*/read"], "notActions": []}]
    hidden = [one for one in whole.resources if one["type"].endswith("/virtualNetworks")]
    estate = estate_of(ONE, page=3, granted=less)
    estate.resources = [one for one in estate.resources if not one["type"].endswith("/virtualNetworks")]
    held = cut_after_a_page(serve, estate)
    assert hidden and not [one for one in held.resources if one["type"].lower().endswith("/virtualnetworks")]
    found = collect_path(FakeCredential(), ONE.source, ONE.target, settings=serve(whole, started=held))
    assert found.diagnosis is not None and found.diagnosis.verdict == ONE.verdict


@pytest.mark.parametrize("how", ["token is forgotten", "a row came between"])
def test_page_that_cannot_be_gone_on_with_begins_anew(how: str, serve: Serve) -> None:
    """A token that Azure knows no more, or a count that does not fit: all rows are asked for again, none is missing."""
    estate = estate_of(ONE, page=3)
    held = cut_after_a_page(serve, estate)
    if how == "token is forgotten":
        gone = lambda handler: (  # noqa: E731
            handler.say(400, refusal("InvalidSkipToken")) if page_of(handler)[1] == "3" else handler.answer()
        )
        estate.faults = [Fault("ResourceGraph", gone, times=1)]
    else:
        first = {
            **estate.resources[0],
            "id": estate.resources[0]["id"].rpartition("/")[0] + "/-first",
            "name": "-first",
        }
        estate.resources.insert(0, {**first, "type": "Microsoft.Network/publicIPAddresses"})
        estate._rows.clear()
    found = collect_path(FakeCredential(), ONE.source, ONE.target, settings=serve(estate, started=held))
    assert found.diagnosis is not None and found.diagnosis.verdict == ONE.verdict and not found.snapshot.problems
    assert {one["id"].lower() for one in estate.resources} <= {one["id"].lower() for one in found.snapshot.resources}


def refused(handler: Handler) -> None:
    """The token has run out."""
    handler.say(401, refusal("ExpiredAuthenticationToken"))


@pytest.mark.parametrize("after", [2, 5, 9])
def test_token_that_runs_out_in_the_middle_loses_nothing(after: int, serve: Serve) -> None:
    """What was read stays, the user is told to sign in, no verdict turns, and a new sign-in completes it."""
    estate = estate_of(ONE, faults=[Fault(".*", refused, after=after)])
    settings = serve(estate)
    cut = collect_path(FakeCredential(), ONE.source, ONE.target, settings=settings)
    assert cut.snapshot.problems and any("sign-in" in p["message"].lower() for p in cut.snapshot.problems)
    assert cut.diagnosis is None or cut.diagnosis.verdict in {Verdict.UNKNOWN, ONE.verdict}
    estate.faults.clear()
    again = collect_path(FakeCredential(), ONE.source, ONE.target, settings=replace(settings, started=cut.snapshot))
    assert again.diagnosis is not None and again.diagnosis.verdict == ONE.verdict and not again.snapshot.problems


class Skewed(FakeCredential):
    """A token that this machine's clock takes for long gone, or for good for years."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """The token with a wrong time."""
        from azure.core.credentials import AccessToken

        return AccessToken(self.token, int(time.time()) + self.shift)


@pytest.mark.parametrize("shift", [-86_400, -1, 10 * 365 * 86_400])
def test_wrong_clock_does_not_change_the_answer(shift: int, serve: Serve) -> None:
    """Azure judges the token, not this machine's clock."""
    found = collect_path(Skewed(shift), ONE.source, ONE.target, settings=serve(estate_of(ONE)))
    assert found.diagnosis is not None and found.diagnosis.verdict == ONE.verdict


def test_proxy_that_does_not_answer_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY leads nowhere: every read is a problem with words, the answer is no verdict; NO_PROXY goes around it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    settings = serve(estate_of(ONE), seconds=10.0)
    lost = collect_path(FakeCredential(), ONE.source, ONE.target, settings=settings)
    assert lost.snapshot.problems and all(one["message"] for one in lost.snapshot.problems)
    assert lost.diagnosis is None or lost.diagnosis.verdict is Verdict.UNKNOWN
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = collect_path(FakeCredential(), ONE.source, ONE.target, settings=serve(estate_of(ONE)))
    assert found.diagnosis is not None and found.diagnosis.verdict == ONE.verdict
