"""Pasted tables of Azure without a name: judged by only where they can be no other's, or on the word of who sent them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from arm import Json, nic, subnet, vnet

from mi_workbook.cases import case
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.attribution import attributed, bound, loose_tables, owned
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.files import load
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.sent import read_sent
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.workbook.session import Session, start

NAME = "peering-healthy"
MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
ROWS = (
    ("Default", "Active", "10.1.0.0/16", "VnetLocal", ""), ("Default", "Active", "10.0.0.0/16", "VNetPeering", ""),
    ("Default", "Active", "0.0.0.0/0", "Internet", ""), ("Default", "Active", "10.0.0.0/8", "None", ""),
)  # fmt: skip


def portal(rows: Sequence[Sequence[str]] = ROWS) -> str:
    """The Portal's download: no command, no interface, no mark at its end."""
    words = {"VnetLocal": "Virtual network", "VNetPeering": "VNet peering"}
    lines = [f"{source},{state},{prefix},{words.get(kind, kind)},{hop},-" for source, state, prefix, kind, hop in rows]
    return (
        "\n".join(["Source,State,Address Prefixes,Next Hop Type,Next Hop IP Address,User Defined Route Name", *lines])
        + "\n"
    )


def table(rows: Sequence[Sequence[str]] = ROWS) -> str:
    """`az network nic show-effective-route-table -o table` without its command."""
    lines = [f"{source:<9}{state:<8}{prefix:<17}{kind:<15}{hop}".rstrip() for source, state, prefix, kind, hop in rows]
    return (
        "\n".join(
            [
                "Source   State   Address Prefix   Next Hop Type  Next Hop IP",
                "-------- ------- ---------------- -------------- -----------",
                *lines,
            ]
        )
        + "\n"
    )


def document(rows: Sequence[Sequence[str]] = ROWS) -> str:
    """The JSON without its command: its end is shown."""
    found = [{"source": source, "state": state, "addressPrefix": [prefix], "nextHopType": kind, "nextHopIpAddress": [hop] if hop else []}
             for source, state, prefix, kind, hop in rows]  # fmt: skip
    return json.dumps({"value": found}, indent=2)


def held(text: str, name: str = NAME) -> Snapshot:
    """A case with the table, sent for its source."""
    return case(name).snapshot().observed(observations_of(text, "sent.txt"))


def session(text: str, name: str = NAME) -> Session:
    """The same on the screen."""
    found = start()
    found.act({"do": "case", "value": name})
    found.act({"do": "paste", "value": text})
    return found


@pytest.mark.parametrize("text", [portal(), table()])
def test_a_table_without_name_or_end_is_asked_about_and_then_judged_by(text: str) -> None:
    """Not used and told; with its owner and its number of rows it is the table of that interface."""
    one = case(NAME)
    snapshot = held(text)
    told = diagnose(snapshot, one.source, MI).at_source.told
    assert any("was not used" in item.says and "--table-of" in item.next_test for item in told)
    (loose,) = loose_tables(snapshot, one.source)
    assert loose.rows == 4 and not loose.whole and loose.choices[0].endswith("/nic-app")
    known = owned(snapshot, loose.position, "nic-app", 4)
    assert loose_tables(known, one.source) == ()
    told = diagnose(known, one.source, MI).at_source.told
    assert any("as that of nic-app" in item.says and "on the word" in item.says for item in told)
    assert known.observations[-1]["about"].endswith("/nic-app") and known.observations[-1]["complete"] is True


def test_what_the_owned_table_says_counts() -> None:
    """A route of another kind in Azure's own table shows as a difference from the configuration."""
    rows = (*ROWS, ("User", "Active", "10.0.0.0/27", "VirtualAppliance", "10.1.9.4"))
    screen = session(portal(rows))
    (loose,) = screen.screen["ask"]["loose"]
    assert not loose["whole"] and loose["rows"] == 5 and loose["owner"] == "network interface"
    screen.act({"do": "own", "value": loose["position"], "owner": loose["choices"][0][1], "rows": 4})
    assert "5 rows were read" in screen.screen["error"] and screen.screen["ask"]["loose"]
    screen.act({"do": "own", "value": loose["position"], "owner": loose["choices"][0][1], "rows": 5})
    assert not screen.screen["error"] and not screen.screen["ask"]["loose"]
    assert "nic-app" in screen.screen["notice"]


def test_a_whole_table_is_taken_where_it_can_be_no_others() -> None:
    """Its ranges are those of the source's VNet; for another source only where one interface alone fits, all being known."""
    one = case(NAME)
    nic_id = find_source(Network(one.snapshot()), one.source).id
    assert attributed(held(document()), one.source).observations[-1]["about"] == nic_id
    assert attributed(held(document()), "internet").observations[-1]["about"] == nic_id
    other = document([(*ROWS[0][:2], "10.77.0.0/16", *ROWS[0][3:]), *ROWS[1:]])
    assert attributed(held(other), one.source).observations[-1]["about"] == ""
    cut = "\n".join(document().splitlines()[:20])
    assert attributed(held(cut), one.source).observations[-1]["about"] == ""


@pytest.mark.parametrize("complete", [None, frozenset()])
def test_of_several_that_fit_none_is_guessed(complete: frozenset[str] | None) -> None:
    """Two interfaces in the VNet, or one where others may not have been collected: somebody must say it."""
    two = [nic("one", "10.1.1.4", "a/app"), nic("two", "10.1.1.5", "a/app")]
    for nics in (two, two[:1]):
        resources: list[Json] = [vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24")}), *nics]
        snapshot = Snapshot(resources, observations=observations_of(document(), "sent.txt"), complete=complete)
        about = attributed(snapshot, "internet").observations[-1]["about"]
        sure = len(nics) == 1 and complete is None
        assert bool(about) is sure
        assert len(loose_tables(snapshot, "internet")) == (0 if sure else 1)


def test_a_table_of_another_place_is_bound_to_it() -> None:
    """Pasted for a VM that is not the source, it is that VM's own interface's, wherever the question starts."""
    one = case(NAME)
    there = find_source(Network(one.snapshot()), "vm-app")
    snapshot = bound(one.snapshot(), read_sent(document(), "sent.txt"), there)
    assert attributed(snapshot, "internet").observations[-1]["about"] == there.id


@pytest.mark.parametrize(
    ("position", "owner", "rows"),
    [(99, "nic-app", 4), (0, "no-such-nic", 4), (0, "nic-app", 3), (0, "vnet-app", 4), (-1, "nic-app", 4)],
)
def test_what_does_not_fit_is_refused(position: int, owner: str, rows: int) -> None:
    """Another place, another name, another number: in words, and nothing changes."""
    with pytest.raises(InputError):
        owned(held(portal()), position, owner, rows)


def test_the_owner_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--table-of NAME=ROWS; anything else is bad input."""
    one = case(NAME)
    one.snapshot().save(tmp_path / "azure.json")
    (tmp_path / "routes.csv").write_text(portal(), encoding="utf-8")
    asked = ["diagnose", str(tmp_path / "azure.json"), str(tmp_path / "routes.csv"), "--from", one.source, "--to", MI]
    assert main(asked) == 0 and "was not used" in capsys.readouterr().out
    assert main([*asked, "--table-of", "nic-app=4"]) == 0
    assert "as that of nic-app" in capsys.readouterr().out
    for stated in ("nic-app", "nic-app=", "=4", "nic-app=5", "nic-nowhere=4", "nic-app=four"):
        assert main([*asked, "--table-of", stated]) == 2, stated
    assert main([*asked[:2], *asked[3:], "--table-of", "nic-app=4"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert load(tmp_path / "azure.json", tmp_path / "routes.csv").observations


@pytest.mark.parametrize(
    "rows",
    [
        None,
        3,
        {"value": 3},
        [{"addressPrefix": 5, "nextHopType": "VnetLocal", "source": "Default"}],
        [{"addressPrefix": ["x"], "nextHopType": "VnetLocal", "source": "Default"}],
    ],
)
def test_a_table_of_another_shape_fits_nothing(rows: Any) -> None:
    """From a snapshot that somebody made."""
    odd = {
        "kind": "effectiveRoutes",
        "about": "",
        "from": "client",
        "format": "mi-workbook/paste/1",
        "value": rows,
        "complete": True,
    }
    one = case(NAME)
    snapshot = one.snapshot().observed([odd])
    assert attributed(snapshot, one.source).observations[-1]["about"] == ""
    assert loose_tables(snapshot, one.source)[0].choices and diagnose(snapshot, one.source, MI).verdict
