"""Two machines with a network between them, as network namespaces: what only a real path can show."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from test_probes.conftest import HERE, HOST

# The client keeps this namespace; the server lives in a second one, its "instance" at 10.4.0.254 behind 10.1.0.2.
SETUP = """
set -e
ip link set lo up
unshare -n sleep 60 &
other=$!
sleep 0.5
ip link add v0 type veth peer name v1
ip link set v1 netns $other
ip addr add 10.1.0.1/30 dev v0; ip link set v0 up
there() { nsenter -t $other -n "$@"; }
there ip link set lo up
there ip addr add 10.1.0.2/30 dev v1; there ip link set v1 up
there ip addr add 10.4.0.254/32 dev lo
ip route add 10.4.0.0/16 via 10.1.0.2
"""
PROBE = """
import json, subprocess, sys
from dataclasses import asdict
from mi_workbook.evidence.probes.run import Wishes, plain_value, run
server = subprocess.Popen(["nsenter", "-t", sys.argv[1], "-n", "env", "TDS_BIND=10.4.0.254", sys.executable,
                           *sys.argv[4:], "denies"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
port = json.loads(server.stdout.readline())["denies"]
for words in filter(None, sys.argv[2].split(";")):
    subprocess.run(words.replace("there", f"nsenter -t {sys.argv[1]} -n").split(), check=True)
probes = run("10.4.0.254", port, Wishes(login=True, timeout=3.5))
from mi_workbook.diagnosis.probing import judge
from mi_workbook.evidence.machine import read_machine
from mi_workbook.reach.names import read_name
judged = judge(read_name(sys.argv[3]), probes, read_machine())
print(json.dumps({"tcp": probes.tcp[0].outcome, "local": probes.tcp[0].local, "verdict": judged.verdict,
                  "symptom": judged.symptom, "login": probes.login and probes.login.error_number,
                  "route": [one.says for one in judged.layers if one.layer == "route"]}))
server.stdin.close()
"""


def probed(change: str, certificates: tuple[Path, Path, Path]) -> dict[str, object]:
    """What the client's probes say after a change to the network."""
    return in_namespaces(PROBE, change, HOST, certificates)


def in_namespaces(program: str, change: str, word: str, certificates: tuple[Path, Path, Path]) -> dict[str, object]:
    """What a program prints that runs as the client: its arguments are the other machine, a change, a word, the server."""
    if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")):
        pytest.skip("unshare, nsenter and ip are not here.")
    allowed = subprocess.run(["unshare", "-rn", "sh", "-c", SETUP + "kill $other"], capture_output=True, check=False)
    if allowed.returncode:
        pytest.skip("This system allows no such namespaces.")
    script = SETUP + 'python=$1; shift; "$python" -c "$1" $other "$2" "$3" "$4" "$5" "$6"; kill $other'
    words = [sys.executable, program, change, word, str(HERE / "tds_server.py"), *map(str, certificates[1:])]
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", script, "sh", *words], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def test_a_sound_path_is_proved_from_the_right_address(certificates: tuple[Path, Path, Path]) -> None:
    """The client's address on the way and its route are shown; 18456 proves the path."""
    told = probed("", certificates)
    assert (told["tcp"], told["login"], told["verdict"]) == ("open", 18456, "reachable")
    assert told["local"] == "10.1.0.1" and "10.4.0.0/16 by 10.1.0.2 on v0" in str(told["route"])


def test_a_reply_that_cannot_come_back_is_silence(certificates: tuple[Path, Path, Path]) -> None:
    """The request arrives, the way back is missing: from here that is a timeout, and the way back is suspected."""
    told = probed("there ip route add blackhole 10.1.0.1/32", certificates)
    assert (told["tcp"], told["verdict"], told["symptom"]) == ("timeout", "blocked", "tcp-timeout-private")


def test_a_router_that_says_no(certificates: tuple[Path, Path, Path]) -> None:
    """A route that ends with a message is told from silence."""
    told = probed("ip route replace unreachable 10.4.0.0/16", certificates)
    assert (told["tcp"], told["symptom"]) == ("unreachable", "tcp-unreachable")


def test_a_local_rule_that_forbids(certificates: tuple[Path, Path, Path]) -> None:
    """This machine itself refuses to send: no packet left."""
    told = probed("ip route replace prohibit 10.4.0.0/16", certificates)
    assert (told["tcp"], told["symptom"]) == ("forbidden", "tcp-forbidden")


COMMAND = """
import json, subprocess, sys
there = ["nsenter", "-t", sys.argv[1], "-n"]
server = subprocess.Popen([*there, "env", "TDS_BIND=10.4.0.254", "TDS_SENDS_TO=10.4.0.254", sys.executable, *sys.argv[4:],
                           "denies", "route=denies"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
ports = json.loads(server.stdout.readline())
for words in filter(None, sys.argv[2].format(normal=ports["route=denies"], redirect=ports["denies"]).split(";")):
    subprocess.run([*there, *words.split()], check=True)
target = "10.4.0.254,%d" % ports["route=denies"]
done = subprocess.run([sys.executable, "-m", "mi_workbook", "probe", target, "--timeout", "3.5", "--json", *sys.argv[3].split()],
                      capture_output=True, text=True)
told = json.loads(done.stdout)
print(json.dumps({"code": done.returncode, "verdict": told["verdict"], "symptom": told["symptom"], "next": told["next_test"]}))
server.stdin.close()
"""
SILENT = "ip rule add ipproto tcp sport {%s} blackhole"


@pytest.mark.parametrize(("blocked", "options", "code", "symptom"), [
    ("", "--login", 0, None), (SILENT % "normal", "--login", 1, "tcp-timeout-private"),
    (SILENT % "redirect", "--login", 1, "redirect-tcp"), (SILENT % "redirect", "", 3, "redirect-untested"),
])  # fmt: skip
def test_the_command_finds_the_port_that_is_blocked_between_two_machines(
    blocked: str, options: str, code: int, symptom: str | None, certificates: tuple[Path, Path, Path]
) -> None:
    """`mi-workbook probe` itself: 1433 and the port that a login is sent on to, each answered, or dropped in silence."""
    told = in_namespaces(COMMAND, blocked, options, certificates)
    assert (told["code"], told["symptom"]) == (code, symptom), told
    assert bool(told["next"]) is bool(symptom)
