"""The panel of the Azure notebook: sign in, collect, cancel, verify; everything it shows is words and free of secrets."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.files import load
from mi_workbook.workbook.azure_panel import AzurePanel
from mi_workbook.workbook.live import Live, offered
from mi_workbook.workbook.session import Session
from mi_workbook.workbook.state import State
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of
from tests.test_azure.test_verify import mend

SECRET = "eyJhbGciOiJSUzI1NiJ9.cGxhbnRlZC10b2tlbg.c2lnbmF0dXJl"
LONG = 60.0


def signs(way: str, cloud: Any, *, tenant: str = "", prompt: Any = None) -> Any:
    """A sign-in that shows a code, as device code does, and then works."""
    if way == "device-code":
        prompt("https://microsoft.com/devicelogin", "ABC<b>123", datetime(2026, 1, 1, 12, 0, tzinfo=UTC))
    if way == "browser":
        raise InputError("No browser could be opened here.", remedy="Choose the code and link.")
    return FakeCredential(SECRET)


def panel_of(settings: Any, sign: Any = signs, keep: str = "") -> AzurePanel:
    """A panel whose cloud is the server on loopback. keep: the file for what is read."""
    state = State()
    return AzurePanel(Session(state), Live(state, settings, sign, own_cloud=True, keep=keep))


def press(panel: AzurePanel, button: Any) -> None:
    """Click, and wait for the end of what it starts."""
    assert not button.disabled
    button.click()
    assert panel.wait(LONG)


def shown(panel: AzurePanel) -> str:
    """Every text the panel's widgets and the session hold."""
    texts, todo = [json.dumps(panel.session.screen)], [panel]
    while todo:
        one = todo.pop()
        todo += getattr(one, "children", ())
        texts.append(str(getattr(one, "value", "")))
    return "\n".join(texts)


def test_from_nothing_to_a_repair_that_is_verified(serve) -> None:
    """Sign in, look around, collect, repair, verify: the verdict turns, and no token is on the screen."""
    one, estate = case("same-vnet-mi-nsg"), estate_of(case("same-vnet-mi-nsg"))
    panel = panel_of(serve(estate))
    assert panel.collect.disabled and panel.look.disabled and panel.verify.disabled
    press(panel, panel.sign)
    assert "Signed in" in panel.signed.value
    press(panel, panel.look)
    assert one.target.split(".")[0] in " ".join(panel.target.options) and panel.source.options
    panel.source.value, panel.target.value = one.source, one.target
    press(panel, panel.collect)
    assert panel.session.screen["verdict"]["kind"] == "blocked"
    press(panel, panel.verify)
    assert "nothing on the path has changed" in panel.told.value
    mend(estate, "same-vnet-mi-nsg")
    press(panel, panel.verify)
    assert "It was blocked, and is reachable now" in panel.told.value
    assert "Before" in panel.told.value and "turned the verdict" in panel.told.value
    assert panel.session.screen["verdict"]["kind"] == "reachable"
    assert SECRET not in shown(panel) and SECRET not in repr(panel.live)


def test_cancel_keeps_what_was_read(serve) -> None:
    """Cancel in the middle of a collection: its evidence is in the session, partial, and the verdict is not reachable."""
    one, estate = case("same-vnet-healthy"), estate_of(case("same-vnet-healthy"))
    panel = panel_of(serve(estate))
    press(panel, panel.sign)

    def stops(handler: Handler) -> None:
        panel.cancel.click()
        handler.answer()

    estate.faults = [Fault("managedInstances", stops)]
    panel.source.value, panel.target.value = one.source, one.target
    press(panel, panel.collect)
    held = panel.session.state.snapshot
    assert held is not None and held.resources
    assert "ended early" in panel.told.value and "Collect again" in panel.told.value
    estate.faults = []
    press(panel, panel.collect)
    assert "ended early" not in panel.told.value
    assert panel.session.state.diagnosis and panel.session.state.diagnosis.verdict is Verdict.REACHABLE


def test_kernel_that_stops_loses_nothing(serve, tmp_path: Path) -> None:
    """What was read is in the file while it is read; a new panel offers to go on with it, question and all."""
    one, estate = case("same-vnet-mi-nsg"), estate_of(case("same-vnet-mi-nsg"), page=3)
    keep, settings = tmp_path / "kept.json.gz", serve(estate)
    seen: list[int] = []

    def stops(handler: Handler) -> None:
        if "skipToken" in handler.body.decode():
            for _ in range(100):
                if keep.exists() and load(keep).resources:
                    seen.append(len(load(keep).resources))
                    break
                time.sleep(0.05)
            handler.close_connection = True  # as if the kernel were gone
        else:
            handler.answer()

    estate.faults = [Fault("ResourceGraph", stops)]
    panel = panel_of(settings, keep=str(keep))
    press(panel, panel.sign)
    panel.source.value, panel.target.value = one.source, one.target
    press(panel, panel.collect)
    assert seen and "unfinished" in load(keep).source and "only that is tried again" in panel.told.value
    estate.faults, before = [], len(estate.requests)
    again = panel_of(settings, keep=str(keep))
    assert "ended early" in again.going_on.value and (again.source.value, again.target.value) == (
        one.source,
        one.target,
    )
    press(again, again.sign)
    press(again, again.collect)
    assert again.session.screen["verdict"]["kind"] == "blocked" and "Kept in" in again.told.value
    assert "unfinished" not in load(keep).source and again.going_on.value == ""
    assert len(estate.requests) - before < 20


def test_file_that_cannot_be_written_is_said_and_stops_nothing(serve, tmp_path: Path) -> None:
    """A folder that is not there: the answer stands all the same."""
    one, estate = case("same-vnet-mi-nsg"), estate_of(case("same-vnet-mi-nsg"))
    panel = panel_of(serve(estate), keep=str(tmp_path / "nowhere" / "kept.json"))
    press(panel, panel.sign)
    panel.source.value, panel.target.value = one.source, one.target
    press(panel, panel.collect)
    assert "Not kept in" in panel.told.value and "No such file" in panel.told.value
    assert panel.session.screen["verdict"]["kind"] == "blocked"


def test_next_hop_is_asked_where_the_box_is_ticked(serve) -> None:
    """And nowhere else."""
    one, estate = case("same-vnet-mi-nsg"), estate_of(case("same-vnet-mi-nsg"))
    panel = panel_of(serve(estate))
    press(panel, panel.sign)
    panel.source.value, panel.target.value = one.source, one.target
    press(panel, panel.collect)
    assert not [line for line in estate.requests if "networkWatchers" in line]
    panel.next_hop.value = True
    press(panel, panel.collect)
    assert [line for line in estate.requests if "networkWatchers" in line]
    assert "networkWatchers/nextHop/action" in panel.told.value


def test_refused_read_is_named_with_the_action_to_ask_for(serve) -> None:
    """A 403 is a row of what was not read, with the action."""
    one, estate = case("same-vnet-healthy"), estate_of(case("same-vnet-healthy"))
    estate.faults = [Fault("GET .*virtualNetworks/", lambda handler: handler.say(403, refusal("AuthorizationFailed")))]
    panel = panel_of(serve(estate))
    press(panel, panel.sign)
    panel.source.value, panel.target.value = one.source, one.target
    press(panel, panel.collect)
    assert "Ask for the action Microsoft.Network/virtualNetworks/read" in panel.told.value


def test_failed_sign_in_says_what_to_do_and_forgets_the_older_one() -> None:
    """After a sign-in that failed nothing can be collected with the earlier account."""
    state = State()
    panel = AzurePanel(Session(state), Live(state, sign=signs))
    press(panel, panel.sign)
    panel.way.value = "browser"
    press(panel, panel.sign)
    assert "Choose the code and link" in panel.told.value
    assert panel.live.credential is None and panel.collect.disabled


def test_crash_shows_its_kind_only() -> None:
    """An error nobody foresaw may carry a token in its text."""

    def crashes(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"Bearer {SECRET}")

    state = State()
    panel = AzurePanel(Session(state), Live(state, sign=crashes))
    press(panel, panel.sign)
    assert "RuntimeError" in panel.told.value and SECRET not in shown(panel)


def test_code_and_link_are_shown_and_escaped() -> None:
    """The code of a sign-in by device code stands on the screen while it is waited for, and is gone afterwards."""
    seen: list[str] = []
    state = State()
    panel = AzurePanel(Session(state), Live(state, sign=signs))
    panel.code.observe(lambda change: seen.append(change["new"]), "value")
    panel.way.value = "device-code"
    press(panel, panel.sign)
    assert 'href="https://microsoft.com/devicelogin"' in seen[0] and "ABC&lt;b&gt;123" in seen[0]
    assert panel.code.value == ""


def test_hostile_link_of_a_code_is_no_link() -> None:
    """Only https becomes a link."""
    panel = AzurePanel(Session(State()))
    panel._show_code("javascript:alert(1)", "A", datetime(2026, 1, 1, tzinfo=UTC))
    assert "href" not in panel.code.value


def test_best_way_of_the_place_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a hub a code is proposed; every way can be chosen everywhere."""
    monkeypatch.setenv("BINDER_SERVICE_HOST", "x")
    note, choices = offered()
    assert choices[0][1] == "device-code" and len(choices) == 5 and "trust" in note


def test_role_to_copy_follows_the_subscriptions() -> None:
    """The custom role is whole before anybody signs in, and holds reads only."""
    panel = AzurePanel(Session(State()))
    panel.subscriptions.value = "11111111-1111-1111-1111-111111111111, 22222222-2222-2222-2222-222222222222"
    role = json.loads(panel.role.value)
    assert len(role["AssignableScopes"]) == 2
    assert not [one for one in role["Actions"] if one.endswith(("/write", "/delete", "*"))]


def test_fake_credential_cannot_be_asked_for_a_path_without_a_question() -> None:
    """A question that lacks its half is refused in words before anything is asked of Azure."""
    state = State()
    panel = AzurePanel(Session(state), Live(state, sign=signs))
    press(panel, panel.sign)
    press(panel, panel.collect)
    assert "needs a source and an instance" in panel.told.value


def test_estate_without_instance_is_said(serve) -> None:
    """Looking around in an estate with nothing in it is no failure."""
    subscription = "/subscriptions/11111111-1111-1111-1111-111111111111"
    network = {
        "id": f"{subscription}/resourceGroups/a/providers/Microsoft.Network/virtualNetworks/v", "name": "v",
        "type": "Microsoft.Network/virtualNetworks", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}},
    }  # fmt: skip
    panel = panel_of(serve(Estate([network])))
    press(panel, panel.sign)
    press(panel, panel.look)
    assert "1 resources" in panel.told.value and panel.target.options == ()
