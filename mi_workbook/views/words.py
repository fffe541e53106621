"""Sentences that more than one view says."""

from __future__ import annotations

from mi_workbook.core.verdict import Verdict

VERDICT_SIGNS = {Verdict.REACHABLE: "✓", Verdict.BLOCKED: "✗", Verdict.UNKNOWN: "?"}
STEP_WORDS = {Verdict.REACHABLE: "lets it through", Verdict.BLOCKED: "stops it", Verdict.UNKNOWN: "not known"}
LOOK_WORDS = {Verdict.REACHABLE: "yes", Verdict.BLOCKED: "no", Verdict.UNKNOWN: "not known"}
ENDPOINT_WORDS = {
    "auto": "endpoint by the name", "vnet-local": "VNet-local endpoint", "private": "private endpoint",
    "public": "public endpoint",
}  # fmt: skip
# For a reader who knows the application and not the network; the name of the endpoint stays, since forms ask for it.
OWNER_ENDPOINT_WORDS = {
    "vnet-local": "at its address inside its own network (VNet-local endpoint)",
    "private": "at an address of its own in your network (private endpoint)",
    "public": "over its public address (public endpoint)",
}  # fmt: skip
SAFETY_WORDS = {
    "safe": "safe while in use", "disruptive": "interrupts connections", "other-team": "for another team",
    "display-only": "for information",
}  # fmt: skip
KNOWN_BY_ANSWER = "No evidence of Azure's shows this: your answer is all there is. Test again after the change."
KIND_WORDS = {
    "microsoft.network/virtualnetworks": ("virtual network", "virtual networks"),
    "microsoft.network/networksecuritygroups": ("security group", "security groups"),
    "microsoft.network/routetables": ("route table", "route tables"),
    "microsoft.network/networkinterfaces": ("network interface", "network interfaces"),
    "microsoft.compute/virtualmachines": ("virtual machine", "virtual machines"),
    "microsoft.sql/managedinstances": ("managed instance", "managed instances"),
    "microsoft.network/privateendpoints": ("private endpoint", "private endpoints"),
    "microsoft.network/privatednszones": ("private DNS zone", "private DNS zones"),
    "microsoft.network/privatednszones/virtualnetworklinks": ("DNS zone link", "DNS zone links"),
    "microsoft.network/privatednszones/a": ("DNS record", "DNS records"),
    "microsoft.web/sites": ("web app", "web apps"),
    "microsoft.network/virtualnetworkgateways": ("gateway", "gateways"),
    "microsoft.network/connections": ("gateway connection", "gateway connections"),
    "microsoft.network/localnetworkgateways": ("on-premises site", "on-premises sites"),
}
# An `az rest` address without a host is that of the cloud that `az` is set to (`az rest --help`, argument --url).
# What collects the evidence of most questions; add `--subscription NAME` where there are several.
COLLECT = (
    "az network vnet list -o json > vnets.json",
    "az network nsg list -o json > nsgs.json",
    "az network route-table list -o json > routes.json",
    "az network nic list -o json > nics.json",
    "az vm list -o json > vms.json",
    "az sql mi list -o json > instances.json",
    "az network private-endpoint list -o json > endpoints.json",
    "az network private-dns zone list -o json > zones.json",
    "az network local-gateway list -g GROUP -o json > sites.json",
    "az network vnet-gateway list -g GROUP -o json > gateways.json",
    "az network vpn-connection list -g GROUP -o json > connections.json",
)
COLLECT_APPS = (
    "az webapp list -o json > apps.json",
    "az appservice plan list -o json > plans.json",
    "az webapp deployment slot list -g GROUP -n APP -o json > slots.json",
    "az rest --method get --url <ID OF THE APP>/virtualNetworkConnections?api-version=2023-12-01 > joined.json",
    "az webapp hybrid-connection list -g GROUP -n APP -o json > relays.json",
)
AGREE_WORDS = {True: "they agree", False: "they disagree", None: "one settles nothing of the other"}
# How much a pasted answer weighs: sign and words.
WEIGHT_WORDS = {
    "blocked": ("✗", "speaks for a block"), "open": ("✓", "gets through"), "hint": ("?", "a hint"),
    "none": ("·", "proves nothing"),
}  # fmt: skip
