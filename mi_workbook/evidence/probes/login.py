"""A login with a throw-away user: it shows the target of a Redirect, and error 18456 proves the whole path.

Asks for consent first (CONSENT): the attempt appears in the instance's audit log. The user name and the password are
random, made for one attempt and kept nowhere; no password of the user's is ever taken.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from mi_workbook.evidence.probes import wire
from mi_workbook.evidence.probes.dns import DnsResult, ask_system
from mi_workbook.evidence.probes.outcome import Budget, Ended, Outcome, never
from mi_workbook.evidence.probes.session import Facts, opened

CONSENT = (
    "This sends one failed login (twice or more under Redirect) of a random user that does not exist. It appears in "
    "the instance's audit log and may raise a security alert there."
)
MOST_HOPS = 4
LOGIN_FAILED = 18456

WORDS: dict[Outcome, tuple[str, str]] = {
    Outcome.DENIED: (
        "The instance itself refused the unknown user (error 18456): name, routes, rules, TLS and connection type all "
        "work from here, Redirect included where it is used.",
        "That the application's own user and database are right.",
    ),
    Outcome.ACCEPTED: (
        "The server let an unknown user in. That is no managed instance as it should be.",
        "Anything about the application's own user.",
    ),
    Outcome.SQL_ERROR: (
        "A SQL server or its gateway read the login and answered with an error: TCP and TLS work up to there.",
        "That the gateway passed the login on to the instance: the error's number says.",
    ),
    Outcome.REDIRECT_FAILED: (
        "The gateway answers and sends the client on to another host and port (Redirect), and that one cannot be used "
        "from here.",
        "Anything about the login itself.",
    ),
    Outcome.SILENT: ("The login was sent and no answer came back.", "Which side lost it."),
    Outcome.RESET: ("The connection was cut during the login.", "Which device cut it."),
    Outcome.CLOSED: ("The other side ended the connection during the login.", "Why."),
    Outcome.GARBAGE: ("The answer to the login is not TDS.", "Anything about the instance."),
    Outcome.CANCELLED: ("Nothing.", "It was stopped before an answer came."),
}
NOT_REACHED = ("Nothing about the login: the connection did not get that far.", "See the tests before it.")


@dataclass(frozen=True, slots=True)
class LoginHop:
    """One server that was asked to log in. names: how its name resolved, None where the address was given.

    stage: tcp, pre-login, tls, login or done; outcome ANSWERED: it answered the login. steps: name and ms.
    """

    host: str
    port: int
    address: str
    outcome: Outcome
    stage: str
    ms: float
    steps: tuple[tuple[str, float], ...] = ()
    names: DnsResult | None = None
    tls_version: str = ""
    certificate_names: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LoginResult:
    """What became of the login: each server on the way, the error of the last, where Redirect led ("host,port")."""

    host: str
    port: int
    outcome: Outcome
    ms: float
    hops: tuple[LoginHop, ...]
    redirected_to: tuple[str, ...] = ()
    error_number: int | None = None
    error_state: int | None = None
    error_text: str = ""
    proves: str = ""
    does_not_prove: str = ""

    @property
    def stopped_at(self) -> LoginHop:
        """The last server asked."""
        return self.hops[-1]


def probe_login(
    address: str, port: int, host: str, timeout: float = 20.0, cancelled: Callable[[], bool] = never,
    *, consent: bool, resolve: Callable[[str, float, Callable[[], bool]], DnsResult] = ask_system,
) -> LoginResult:  # fmt: skip
    """Log in as nobody and follow Redirect. `timeout` in seconds holds for each server anew.

    Raises ValueError without consent: nothing is sent then.
    """
    if not consent:
        raise ValueError("A login needs the user's consent.")
    whole = Budget(timeout * MOST_HOPS, cancelled)
    hops: list[LoginHop] = []
    led: list[str] = []
    to_host, to_port, at, names = host, port, address, None
    answer: wire.LoginAnswer | None = None
    while len(hops) < MOST_HOPS:
        hop, answer = _hop(to_host, to_port, at, names, Budget(timeout, cancelled))
        hops.append(hop)
        if answer is None or answer.route is None:
            break
        to_host, to_port = answer.route
        led.append(f"{to_host},{to_port}")
        names = resolve(to_host.partition("\\")[0], timeout, cancelled)
        if not names.addresses:
            hops.append(LoginHop(to_host, to_port, "", names.outcome, "name", names.ms, names=names))
            answer = None
            break
        at = names.addresses[0]
    return _result(host, port, whole, hops, led, answer)


def _hop(
    host: str, port: int, address: str, names: DnsResult | None, budget: Budget
) -> tuple[LoginHop, wire.LoginAnswer | None]:
    """One server: its line, the login, its answer. The certificate was judged by the probe of TLS, not here."""
    import ssl

    facts, answer, ended = Facts(), None, Ended(Outcome.ANSWERED)
    try:
        with opened(address, port, host.partition("\\")[0], budget, facts, strict=False, verify=False) as line:
            facts.stage, before = "login", budget.ms
            line.send(wire.packets(wire.LOGIN7, _login(host)))
            answer = wire.read_login_answer(line.message())
            facts.steps.append(("login", round(budget.ms - before, 1)))
            facts.stage = "done"
    except Ended as failed:
        ended = failed
    except wire.NotTds as error:
        ended = Ended(Outcome.GARBAGE, str(error))
    except ssl.SSLError:
        ended = Ended(Outcome.TLS_FAILED, "TLS broke off.")
    shown = facts.certificate.names if facts.certificate else ()
    hop = LoginHop(host, port, address, ended.outcome, facts.stage, budget.ms, tuple(facts.steps), names,
                   facts.tls_version, shown, ended.detail)  # fmt: skip
    return hop, answer


def _login(server: str) -> bytes:
    user = f"mi-workbook-probe-{secrets.token_hex(6)}"
    return wire.login7(
        version=wire.VERSION_7_4, user=user, password=secrets.token_urlsafe(24), server=server,
        application="mi-workbook probe", database="master",
    )  # fmt: skip


def _result(
    host: str, port: int, budget: Budget, hops: list[LoginHop], led: list[str], answer: wire.LoginAnswer | None
) -> LoginResult:
    outcome = _outcome(hops, answer)
    error = _telling(answer)
    reached = hops[0].stage in {"login", "done"}
    proves = WORDS.get(outcome, NOT_REACHED) if reached or outcome is Outcome.CANCELLED else NOT_REACHED
    return LoginResult(
        host, port, outcome, budget.ms, tuple(hops), tuple(led), error.number if error else None,
        error.state if error else None, error.text if error else "", *proves,
    )  # fmt: skip


def _telling(answer: wire.LoginAnswer | None) -> wire.SqlError | None:
    """The error that says most: 18456 where it is among them, else the first."""
    errors = answer.errors if answer else ()
    return next((error for error in errors if error.number == LOGIN_FAILED), errors[0] if errors else None)


def _outcome(hops: list[LoginHop], answer: wire.LoginAnswer | None) -> Outcome:
    last = hops[-1].outcome
    if answer is None:
        return last if len(hops) == 1 or last is Outcome.CANCELLED else Outcome.REDIRECT_FAILED
    if answer.route:
        return Outcome.REDIRECT_FAILED
    error = _telling(answer)
    if error is None:
        return Outcome.ACCEPTED
    return Outcome.DENIED if error.number == LOGIN_FAILED else Outcome.SQL_ERROR
