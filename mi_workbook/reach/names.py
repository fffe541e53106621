"""What a server name, as the user typed it, stands for.

Source: "Connectivity architecture of SQL Managed Instance", sections "Communication overview" and "Endpoints";
"Configure public endpoint" (port 3342); "Use private endpoints", section "Limitations" (exact host name, no address).
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from dataclasses import dataclass

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT, ManagedInstance
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import shell_word

SUFFIXES = (".database.windows.net", ".database.chinacloudapi.cn", ".database.usgovcloudapi.net")
FAILOVER_GROUPS = "Microsoft.Sql/locations/instanceFailoverGroups"
ALIASES = "Microsoft.Sql/managedInstances/dnsAliases"


@dataclass(frozen=True, slots=True)
class ServerName:
    """A server name taken apart: host in lower case, port (None: not given), instance behind a backslash."""

    typed: str
    host: str
    port: int | None
    instance: str

    @property
    def is_address(self) -> bool:
        """True for an IP literal."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


def read_name(typed: str) -> ServerName:
    """The parts of `tcp:host\\instance,port` in any of the usual spellings."""
    text = typed.strip().strip("'\"").rstrip(";").strip()
    text = re.sub(r"^(tcp|np|lpc|admin|jdbc:sqlserver)\s*:\s*(//)?", "", text, flags=re.IGNORECASE)
    match = re.match(r"^(?P<host>[^,:\\]*)(\\(?P<instance>[^,:]*))?\s*([,:]\s*(?P<port>\d{1,5}))?\s*$", text)
    if not match:
        return ServerName(typed, text.lower(), None, "")
    port = int(match["port"]) if match["port"] else None
    return ServerName(typed, match["host"].strip().rstrip(".").lower(), port, (match["instance"] or "").strip())


def endpoint_of(name: ServerName) -> str:
    """The endpoint a name asks for: public for `.public.` names, else vnet-local."""
    return "public" if ".public." in name.host else "vnet-local"


def is_alias(name: ServerName, instance: ManagedInstance) -> bool:
    """True for a host name outside Azure's suffixes that is no misspelling of the instance's name."""
    inside = any(name.host.endswith(suffix) for suffix in SUFFIXES)
    return not inside and not name.is_address and "." in name.host and _likeness(name.host, instance.fqdn) < 0.85


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def likeness(name: ServerName, instance: ManagedInstance) -> float:
    """How likely a typed name means an instance, 0 to 1."""
    host = name.host.replace(".public.", ".").replace(".privatelink.", ".")
    whole = _likeness(host, instance.fqdn or instance.name.lower())
    label = _likeness(host.partition(".")[0], instance.name.lower())
    return max(whole, label)


def judge(network: Network, name: ServerName, instance: ManagedInstance) -> list[Decision]:
    """Decisions about a typed name, in the order in which a driver meets them; the first block is the answer."""
    evidence = (instance.reading.evidence("fullyQualifiedDomainName"),)
    if name.instance:
        why = f"'\\{name.instance}' asks SQL Browser on UDP 1434, which a managed instance does not have."
        return [_no(name, Cause.NAME_HAS_INSTANCE, why, evidence)]
    if name.is_address:
        why = f"{name.host} is an address. The gateway finds the instance by host name, so connecting by address fails."
        return [_no(name, Cause.NAME_IS_ADDRESS, why, evidence)]
    if not instance.fqdn:
        gap = Gap(f"Fully qualified name of {instance.name}", "It has none in the evidence (still being created?).",
                  f"az resource show --ids {shell_word(instance.id)} --query properties.fullyQualifiedDomainName")  # fmt: skip
        return [Decision("name", name.host, Verdict.UNKNOWN, gap.why, evidence, gap=gap)]
    expected = instance.public_fqdn if endpoint_of(name) == "public" else instance.fqdn
    if name.host != expected:
        return [_other_name(network, name, instance, expected, evidence)]
    return [_port(name, instance, endpoint_of(name), evidence)]


def _no(name: ServerName, cause: Cause, why: str, evidence: tuple[Evidence, ...]) -> Decision:
    return Decision("name", name.host, Verdict.BLOCKED, why, evidence, cause)


def _port(name: ServerName, instance: ManagedInstance, endpoint: str, evidence: tuple[Evidence, ...]) -> Decision:
    needed = PUBLIC_PORT if endpoint == "public" else NORMAL_PORT
    actual = name.port if name.port is not None else NORMAL_PORT
    if actual != needed:
        why = f"The {endpoint} endpoint listens on TCP {needed}; the string asks for {actual}."
        return _no(name, Cause.PORT_WRONG, why, evidence)
    return Decision("name", name.host, Verdict.REACHABLE, f"{name.host} is the {endpoint} name of {instance.name}.",
                    evidence)  # fmt: skip


def _other_name(
    network: Network, name: ServerName, instance: ManagedInstance, expected: str, evidence: tuple[Evidence, ...]
) -> Decision:
    if ".privatelink." in name.host:
        why = "The privatelink name is for DNS only: the certificate and the gateway know the normal name."
        return _no(name, Cause.NAME_IS_PRIVATELINK, why, evidence)
    suffix = next((s for s in SUFFIXES if name.host.endswith(s)), "")
    if suffix and name.host.count(".") == suffix.count("."):
        why = (
            f"{name.host} lacks the DNS zone {instance.zone or instance.fqdn.split('.')[1]}: it names a logical server."
        )
        return _no(name, Cause.NAME_NO_ZONE, why, evidence)
    why = f"{name.host} is not the name of {instance.name}; that is {expected}."
    if not _may_be_valid(network, name, suffix, instance):
        return _no(name, Cause.NAME_WRONG, why, evidence)
    gap = Gap(
        f"What {name.host} stands for",
        why + " It could be a DNS alias, a failover group listener or another instance.",
        f"nslookup {shell_word(name.host)} from the client; az sql instance-failover-group list -g <group> -l <region>",
    )
    return Decision("name", name.host, Verdict.UNKNOWN, why, evidence, gap=gap)


def _may_be_valid(network: Network, name: ServerName, suffix: str, instance: ManagedInstance) -> bool:
    """A name that is not the instance's may still be an alias or a listener, unless evidence or its form says no."""
    if not suffix:
        return is_alias(name, instance)
    absences = {network.snapshot.absence(kind) for kind in (FAILOVER_GROUPS, ALIASES)}
    near = _likeness(name.host, instance.fqdn) >= 0.9
    listed = network.snapshot.of_type(FAILOVER_GROUPS) or network.snapshot.of_type(ALIASES)
    if any(other.fqdn == name.host for other in network.instances()):
        return False
    return bool(listed) or (absences != {"proven"} and not (near and "unproven" not in absences))
