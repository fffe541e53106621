"""A collection that is killed, whose token runs out, whose clock is wrong or whose proxy is gone."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Settings, collect_path
from mi_workbook.evidence.azure import arm
from mi_workbook.evidence.files import load
from tests.test_azure.arm_server import FakeCredential, Fault, Handler, refusal
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
