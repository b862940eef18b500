"""kube-router's chains that are there whatever the policies are."""

import types

SERVICES = "10.43.0.0/16"
NODE_PORTS = "30000:32767"
HOOKS = ("INPUT", "FORWARD", "OUTPUT")
COMMON = "-A KUBE-NWPLCY-COMMON -m comment --comment"
INPUT = "-A KUBE-ROUTER-INPUT -m comment --comment"


def rules():
    for hook in HOOKS:
        yield f'-A {hook} -m comment --comment "kube-router netpol" -j KUBE-ROUTER-{hook}'
    yield f'{INPUT} "allow traffic to primary/secondary cluster IP range" -d {SERVICES} -j RETURN'
    for protocol in ("tcp", "udp", "sctp"):
        yield (
            f'{INPUT} "allow LOCAL {protocol.upper()} traffic to node ports" -p {protocol}'
            f" -m addrtype --dst-type LOCAL -m multiport --dports {NODE_PORTS} -j RETURN"
        )
    yield '-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000'
    yield f'{COMMON} "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP'
    yield f'{COMMON} "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    for kind, what in (
        ("echo-request", "echo requests"),
        ("destination-unreachable", "destination unreachable messages"),
        ("time-exceeded", "time exceeded messages"),
    ):
        yield f'{COMMON} "allow icmp {what}" -p icmp --icmp-type {kind} -j ACCEPT'
    yield '-A KUBE-NWPLCY-TAIL -m comment --comment "accept netpol-ok" -m mark --mark 0x20000/0x20000 -j ACCEPT'


def last():
    """What each sync moves behind the rules of pods."""
    for hook in HOOKS:
        chain = f"-A KUBE-ROUTER-{hook} -m comment --comment"
        yield f'{chain} "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL'
    for hook in HOOKS:
        chain = f"-A KUBE-ROUTER-{hook} -m comment --comment"
        yield f'{chain} "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT'


FIXED = types.SimpleNamespace(
    built_in=[f":{hook} ACCEPT [0:0]" for hook in HOOKS],
    chains=[*(f"KUBE-ROUTER-{hook}" for hook in HOOKS), *(f"KUBE-NWPLCY-{name}" for name in ("DEFAULT", "COMMON", "TAIL"))],
    rules=list(rules()),
)
LAST = list(last())
