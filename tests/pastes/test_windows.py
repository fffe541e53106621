"""Whole windows as people send them: greeting, prompts, every command of a request and its output, as one paste."""

from __future__ import annotations

from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.diagnosis.attribution import bound
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.pasted_answers import conclude
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.pastes.answer_text import MAY_GO_ON
from mi_workbook.evidence.pastes.recognise import read_pastes
from mi_workbook.evidence.pastes.shapes import NO_END
from mi_workbook.evidence.sent import read_sent
from mi_workbook.guide.requests import places, request
from mi_workbook.network.network import Network

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
FILES = sorted((Path(__file__).parent / "windows").glob("*.txt"))
SENT = {
    "as it is": lambda text: text,
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "quoted mail": lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
    "Markdown fence": lambda text: f"Here you are:\n```\n{text}\n```\n",
}


def test_every_place_has_a_window_that_works_and_one_that_fails() -> None:
    """Windows PowerShell, cmd of Kudu, bash, zsh of macOS, the SSH console of an app on Linux."""
    assert {file.stem for file in FILES} == {f"{name}-{how}" for name, _ in places() for how in ("works", "fails")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_whole_window_is_understood_to_its_last_line(file: Path) -> None:
    """One reading for each command, whole, with rows; nothing left over, and no doubt about its end."""
    asked = request(file.stem.rpartition("-")[0], MI)
    seen = read_pastes(file.read_text(encoding="utf-8"))
    assert [one.kind for one in seen.readings] == [one.reads for one in asked.commands]
    assert not seen.left and seen.whole
    for one in seen.readings:
        assert one.rows and not {NO_END, MAY_GO_ON} & set(one.notes), (one.kind, one.notes)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_window_says_whether_the_port_opened(file: Path) -> None:
    """Its conclusions are those of its place."""
    asked = request(file.stem.rpartition("-")[0], MI)
    found = conclude(read_pastes(file.read_text(encoding="utf-8")).readings, None, asked.place)
    works = file.stem.endswith("works")
    assert works is ("tcp-open-1433" in {one.id for one in found})
    assert works is not any(one.weight == "blocked" for one in found)


@pytest.mark.parametrize("how", SENT)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_window_reads_the_same_however_it_was_sent(file: Path, how: str) -> None:
    """By mail, from Windows, in a ticket."""
    text = file.read_text(encoding="utf-8")
    plain, other = read_pastes(text), read_pastes(SENT[how](text))
    assert [(one.kind, one.rows) for one in other.readings] == [(one.kind, one.rows) for one in plain.readings]


@pytest.mark.parametrize("file", [one for one in FILES if one.stem.startswith("vm-")], ids=lambda file: file.stem)
def test_a_window_of_a_vm_is_evidence_of_it(file: Path) -> None:
    """Pasted for a VM of a case it is judged with it; of another machine's address it proves nothing for the VM."""
    one = case("same-vnet-proxy-healthy")
    text = file.read_text(encoding="utf-8").replace("10.4.0.62", "10.0.0.4").replace("10.9.0.4", "10.0.1.4")
    snapshot = bound(one.snapshot(), read_sent(text, "sent.txt"), find_source(Network(one.snapshot()), one.source))
    found = diagnose(snapshot, one.source, one.target)
    assert found.at_source.disagreement == ("" if file.stem.endswith("works") else "test-failed")
    looks = {look.look: look.verdict.value for look in found.at_source.looks}
    assert looks.get("machine", "reachable") == "reachable" and looks.get("target", "reachable") == "reachable"


PROMPTS = {
    "laptop-windows": ("PS C:\\Users\\anna> ", (
        "PS C:\\WINDOWS\\system32> ", "PS C:\\Users\\Anna M\u00fcller\\OneDrive - Contoso> ", "C:\\Users\\anna>", "[sqlapp01]: PS C:\\Users\\svc> ", "PS>",
        "(base) PS C:\\Users\\anna> ", "PS Microsoft.PowerShell.Core\\FileSystem::\\\\fs01\\home> ")),
    "app-service-windows": ("C:\\home>", ("D:\\home\\site\\wwwroot>", "PS C:\\home> ")),
    "app-service-linux": ("root@3f1c2b7a9d10:/home# ", ("~ # ", "/home/site/wwwroot # ", "$ ", "sh-5.1# ", "kudu_ssh_user@app-orders_kudu_1:/home$ ")),
    "vm-linux": ("azureuser@vm-app:~$ ", (
        "[azureuser@vm-app ~]$ ", "azureuser@vm-app ~ $ ", "\u279c  ~ ", "\u279c  app git:(main) \u2717 ", "root@vm-app:~# ", "(venv) azureuser@vm-app:~$ ",
        "azureuser@vm-app:~> ", "vm-app:~ # ")),
    "laptop-macos": ("anna@Annas-MacBook-Pro ~ % ", ("bash-3.2$ ", "Annas-MBP:~ anna$ ", "Annas-MBP:Downloads anna$ ", "\u279c  ~ ", "anna@Annas-MBP ~/src/app % ")),
}  # fmt: skip


@pytest.mark.parametrize("how", ["works", "fails"])
@pytest.mark.parametrize(
    ("place", "prompt"), [(place, one) for place, (_, others) in PROMPTS.items() for one in others]
)
def test_a_window_reads_the_same_whatever_its_prompt(place: str, prompt: str, how: str) -> None:
    """Remote sessions, environments, busybox, SUSE, macOS, oh-my-zsh: nothing is lost, and nothing left over."""
    text = (Path(__file__).parent / "windows" / f"{place}-{how}.txt").read_text(encoding="utf-8")
    known = PROMPTS[place][0]
    other = "".join(
        f"{prompt}{line[len(known) :]}" if line.startswith(known) else line for line in text.splitlines(keepends=True)
    )
    other = other.replace(f"\n{known.rstrip()}\n", f"\n{prompt.rstrip()}\n")
    assert prompt in other
    plain, read = read_pastes(text), read_pastes(other)
    assert [(one.kind, one.rows) for one in read.readings] == [(one.kind, one.rows) for one in plain.readings]
    assert not read.left


def test_an_unknown_text_before_the_first_prompt_is_no_greeting() -> None:
    """Only what begins as a console greets is taken for a greeting; anything else is shown as not understood."""
    text = f"Something that nobody knows\n\nPS C:\\> Test-NetConnection -ComputerName {MI} -Port 1433\n\n\n"
    assert [line.text for line in read_pastes(text).left][:1] == ["Something that nobody knows"]
    greeted = "Windows PowerShell\nsome text\n\nno prompt follows\n"
    assert len(read_pastes(greeted).left) == 3
