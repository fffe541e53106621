"""The endpoints of an instance as ends of a path: their addresses, and whether they take connections at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import ManagedInstance, PrivateEndpoint
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, shell_word
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.vnet import Subnet

if TYPE_CHECKING:
    from mi_workbook.reach.question import Question

# Source: "az sql mi" REST reference (ManagedInstance.state) and "Stop and start an instance".
STOPPED = frozenset({"stopped", "stopping", "starting", "creating", "creationfailed", "deleting"})


def destination(network: Network, question: Question) -> tuple[Subnet, Ranges, list[Decision]]:
    """Subnet and addresses of the endpoint, and decisions about the endpoint itself."""
    if question.endpoint == "private":
        endpoint = _endpoint(network, question)
        where = network.subnet(endpoint.subnet_id)
        found = Ranges.of((a, a) for a in network.endpoint_addresses(endpoint))
        return where, found or where.addresses, [_approval(endpoint, question.instance)]
    subnet = network.subnet(question.instance.subnet_id)
    if not subnet.addresses:
        raise MissingEvidence(Gap(
            f"Address prefix of the subnet of {question.instance.name}", "Without it no rule and no route can be looked up.",
            f"az resource show --ids {shell_word(subnet.id)} -o json",
        ))  # fmt: skip
    if question.endpoint == "public":
        return subnet, PUBLIC, [_public(question.instance)]
    return subnet, subnet.addresses, []


def _endpoint(network: Network, question: Question) -> PrivateEndpoint:
    found = network.private_endpoints(question.instance.id)
    named = [e for e in found if any(question.answer & Ranges(((a, a),)) for a in network.endpoint_addresses(e))]
    candidates = named or list(found)
    if len(candidates) > 1:
        names = ", ".join(one.name for one in candidates)
        raise MissingEvidence(Gap(
            f"Which private endpoint of {question.instance.name} is used from there",
            f"There are several ({names}), and which of them the name leads to is not in the evidence.",
            f"nslookup {question.instance.asked} on the client; add its output to the evidence.",
        ))  # fmt: skip
    if candidates:
        return candidates[0]
    raise MissingEvidence(
        Gap(
            f"A private endpoint of {question.instance.name}",
            "The question asks for it and none is in the evidence.",
            "az network private-endpoint list -o json (needs Microsoft.Network/privateEndpoints/read)",
        )
    )


def _approval(endpoint: PrivateEndpoint, instance: ManagedInstance) -> Decision:
    """Only Approved carries traffic; both ends record the state, and where they disagree one of them is old.

    Source: "What is a private endpoint?", section "Private endpoint properties".
    """
    evidence = (endpoint.reading.evidence("privateLinkServiceConnections"),)
    there = instance.endpoint_states.get(key(endpoint.id), "")
    unlisted = instance.private_endpoint_ids is not None and key(endpoint.id) not in instance.endpoint_states
    if endpoint.status.lower() == "approved" and (unlisted or there.lower() not in {"", "approved"}):
        says = "does not list this connection" if unlisted else f"says {there} for the same connection"
        why = f"{endpoint.name} says Approved, and {instance.name} {says}: one of the two was read earlier, or the connection is gone."
        gap = Gap(f"State of the connection of {endpoint.name}", why,
                  f"az sql mi show --ids {shell_word(instance.id)} --query privateEndpointConnections, and az network private-endpoint show --ids {shell_word(endpoint.id)}")  # fmt: skip
        seen = (*evidence, instance.reading.evidence("privateEndpointConnections"))
        return Decision("endpoint", endpoint.id, Verdict.UNKNOWN, why, seen, gap=gap)
    if endpoint.status.lower() == "approved":
        return Decision("endpoint", endpoint.id, Verdict.REACHABLE, f"{endpoint.name} is Approved.", evidence)
    why = (
        f"The connection of {endpoint.name} is {endpoint.status or 'without a status'}; only Approved carries traffic."
    )
    if endpoint.status.lower() in {"pending", "rejected", "disconnected", "removed"}:
        return Decision("endpoint", endpoint.id, Verdict.BLOCKED, why, evidence, Cause.PE_NOT_APPROVED)
    gap = Gap(
        f"Status of {endpoint.name}", why, f"az network private-endpoint show --ids {shell_word(endpoint.id)} -o json"
    )
    return Decision("endpoint", endpoint.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def _public(instance: ManagedInstance) -> Decision:
    evidence = (instance.reading.evidence("publicDataEndpointEnabled"),)
    if instance.public_endpoint:
        return Decision("endpoint", instance.id, Verdict.REACHABLE, "The public endpoint is on.", evidence)
    if instance.public_endpoint is False:
        why = "The public endpoint is off, so its name does not resolve."
        return Decision("endpoint", instance.id, Verdict.BLOCKED, why, evidence, Cause.PUBLIC_ENDPOINT_OFF)
    gap = Gap("publicDataEndpointEnabled", "Whether the public endpoint is on is not in the evidence.",
              f"az resource show --ids {shell_word(instance.id)} --query properties.publicDataEndpointEnabled")  # fmt: skip
    return Decision("endpoint", instance.id, Verdict.UNKNOWN, gap.why, evidence, gap=gap)


def unread_state(instance: ManagedInstance) -> list[Decision]:
    """Unknown, and judged last, where the evidence does not say whether the instance runs.

    An exported template and Get-AzSqlInstance leave the state out; a stopped instance has the same configuration as a running one.
    """
    if instance.state or instance.provisioning_state.lower() not in {"", "succeeded"}:
        return []
    why = f"Whether {instance.name} is Ready is not in the evidence; a stopped instance answers nobody."
    gap = Gap(f"State of {instance.name}", why, f"az sql mi show --ids {shell_word(instance.id)} --query state")
    return [Decision("instance", instance.id, Verdict.UNKNOWN, why, (instance.reading.evidence("state"),), gap=gap)]


def ready(instance: ManagedInstance) -> Decision:
    """The instance answers only when Ready. A Stopped one still has provisioningState Succeeded."""
    state = instance.state.lower()
    evidence = (instance.reading.evidence("state"),)
    if state == "ready":
        return Decision("instance", instance.id, Verdict.REACHABLE, f"{instance.name} is Ready.", evidence)
    if not state and instance.provisioning_state.lower() in {"", "succeeded"}:
        why = f"The state of {instance.name} is not in the evidence; what follows is judged as if it were Ready."
        return Decision("instance", instance.id, Verdict.REACHABLE, why, evidence)
    why = f"{instance.name} is {instance.state or instance.provisioning_state}; only Ready accepts connections."
    if state in STOPPED:
        return Decision("instance", instance.id, Verdict.BLOCKED, why, evidence, Cause.INSTANCE_NOT_READY)
    gap = Gap(
        f"Whether {instance.name} accepts connections", why, f"az resource show --ids {shell_word(instance.id)} -o json"
    )
    return Decision("instance", instance.id, Verdict.UNKNOWN, why, evidence, gap=gap)
