"""The chains and rules of kube-router that do not depend on policies."""

import types

SERVICES = "10.43.0.0/16"
NODE_PORTS = "30000:32767"
HOOKS = ("INPUT", "FORWARD", "OUTPUT")
# Packets that policies, or the default, allow have this mark.
ALLOWED = "-m mark --mark 0x20000/0x20000"
COMMON = "-A KUBE-NWPLCY-COMMON -m comment --comment"
INPUT = "-A KUBE-ROUTER-INPUT -m comment --comment"


def rules():
    """The rules of the chains that are always there."""
    for hook in HOOKS:
        yield f'-A {hook} -m comment --comment "kube-router netpol" -j KUBE-ROUTER-{hook}'
    yield f'{INPUT} "allow traffic to primary/secondary cluster IP range" -d {SERVICES} -j RETURN'
    for protocol in ("tcp", "udp", "sctp"):
        yield (
            f'{INPUT} "allow LOCAL {protocol.upper()} traffic to node ports" -p {protocol}'
            f" -m addrtype --dst-type LOCAL -m multiport --dports {NODE_PORTS} -j RETURN"
        )
    yield (
        '-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy"'
        " -j MARK --set-xmark 0x10000/0x10000"
    )
    yield f'{COMMON} "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP'
    established = "-m conntrack --ctstate RELATED,ESTABLISHED"
    yield f'{COMMON} "rule for stateful firewall for pod" {established} -j ACCEPT'
    for kind, what in (
        ("echo-request", "echo requests"),
        ("destination-unreachable", "destination unreachable messages"),
        ("time-exceeded", "time exceeded messages"),
    ):
        yield f'{COMMON} "allow icmp {what}" -p icmp --icmp-type {kind} -j ACCEPT'
    yield f'-A KUBE-NWPLCY-TAIL -m comment --comment "accept netpol-ok" {ALLOWED} -j ACCEPT'


def last():
    """The rules that each sync moves behind those of pods."""
    decide = "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision"
    accept = "rule to explicitly ACCEPT traffic that comply to network policies"
    for comment, decision in ((decide, "-j KUBE-NWPLCY-TAIL"), (accept, f"{ALLOWED} -j ACCEPT")):
        for hook in HOOKS:
            yield f'-A KUBE-ROUTER-{hook} -m comment --comment "{comment}" {decision}'


FIXED = types.SimpleNamespace(
    built_in=[f":{hook} ACCEPT [0:0]" for hook in HOOKS],
    chains=[
        *(f"KUBE-ROUTER-{hook}" for hook in HOOKS),
        "KUBE-NWPLCY-DEFAULT", "KUBE-NWPLCY-COMMON", "KUBE-NWPLCY-TAIL",
    ],
    rules=list(rules()),
)
LAST = list(last())
