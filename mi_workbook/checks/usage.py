"""Faults of how the instance is addressed that do not end the path by themselves.

Source: "Connectivity architecture of SQL Managed Instance", section "Communication overview"; SQL Managed Instance FAQ,
"Can I change DNS zone prefix?".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mi_workbook.checks.blockers import QUESTION
from mi_workbook.checks.check import Found, Subject
from mi_workbook.core.finding import Change
from mi_workbook.core.verdict import Verdict
from mi_workbook.reach.names import is_alias
from mi_workbook.reach.path import traces, verdict


def public_name_in_vnet(subject: Subject) -> Iterator[Found]:
    """The public name is used by a source that reaches the VNet-local endpoint; shown by asking for that one."""
    question, instance = subject.question, subject.question.instance
    if question.endpoint != "public" or not instance.fqdn or question.name is None:
        return
    private = replace(question, endpoint="vnet-local", name=None, resolution=None)
    if verdict(traces(subject.network, private)) is Verdict.REACHABLE:
        values = {"actual": question.name.typed, "expected": instance.fqdn}
        evidence = (instance.reading.evidence("fullyQualifiedDomainName"),)
        change = Change(QUESTION, "/server", instance.fqdn)
        yield Found("public-name-in-vnet", instance.id, evidence, values, (change,))


def alias(subject: Subject) -> Iterator[Found]:
    """The server name is an alias of the user's own: its label, and the certificate it will meet."""
    name, instance = subject.question.name, subject.question.instance
    if name is None or not instance.fqdn or not is_alias(name, instance):
        return
    evidence = (instance.reading.evidence("fullyQualifiedDomainName"),)
    values = {"actual": name.typed, "expected": instance.fqdn}
    same_label = name.host.partition(".")[0] == instance.fqdn.partition(".")[0]
    fault = "alias-cert" if same_label else "alias-label-changed"
    yield Found(fault, instance.id, evidence, values, (Change(QUESTION, "/server", instance.fqdn),))


USAGE: tuple[Callable[[Subject], Iterator[Found]], ...] = (public_name_in_vnet, alias)
