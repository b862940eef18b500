"""kube-router's rules and sets for a cluster, as version 2.11 writes them with iptables and ipset."""

import base64
import hashlib
import random

from .kuberouter_fixed import FIXED, HOOKS, LAST
from .topology import CLIENT, POD

# Seed: kube-router takes pods and policies in the order of a Go map, which differs from run to run.
ORDER = 11
MARK = "-j MARK --set-xmark 0x10000/0x10000"
MARKED = "-m mark --mark 0x10000/0x10000 -j RETURN"
# Where the address of the pod that a policy selects stands.
SIDES = {"Ingress": "-d", "Egress": "-s"}


class KubeRouter:
    """What a full sync writes. Each `version` has new names for the chains of pods and policies."""

    def __init__(self, cluster):
        self.cluster = cluster
        # Kind and members, by name.
        self.sets = {}
        # Namespace, name and direction of the policies that select a pod, by its address.
        self.targets = {}
        # Namespace and name of a policy, and the match of one of its rules.
        self.rules = []
        shuffled = random.Random(ORDER)
        self.policies = shuffled.sample(cluster.policies, len(cluster.policies))
        self.pods = with_load_in_the_middle(shuffled.sample(cluster.local(), len(cluster.local())))
        for policy in self.policies:
            self.add_policy(policy)

    def add_policy(self, policy):
        namespace, name = policy["metadata"]["namespace"], policy["metadata"]["name"]
        spec = policy["spec"]
        (direction,) = spec["policyTypes"]
        own, other, list_name = ("DST", "SRC", "from") if direction == "Ingress" else ("SRC", "DST", "to")
        selected = self.cluster.select(namespace, spec["podSelector"])
        for address in selected:
            self.targets.setdefault(address, []).append((namespace, name, direction))
        own_set = self.set(f"KUBE-{own}-{short(namespace + name + 'IPv4')}", "hash:ip", selected)
        for index, rule in enumerate(spec[direction.lower()]):
            what = f"{namespace}{name}{direction.lower()}rule{index}IPv4"
            for kind, set_kind, members, suffix in self.peers(namespace, rule[list_name]):
                other_set = self.set(f"KUBE-{other}-{short(what + suffix)}", set_kind, members)
                comment = f"{namespace}/{name} {direction.lower()} {kind}"
                matches = rule_matches(comment, {own: own_set, other: other_set}, rule["ports"])
                self.rules += [(namespace, name, match) for match in matches]

    def peers(self, namespace, peers):
        """What a rule's peers need sets for: pods, and blocks of addresses, as far as there are any."""
        pods = [address for peer in peers for address in self.cluster.peer(namespace, peer)]
        blocks = [entry for peer in peers if "ipBlock" in peer for entry in block(peer["ipBlock"])]
        sets = ("pods", "hash:ip", pods, "pod"), ("cidr", "hash:net", blocks, "ipblock")
        return [one for one in sets if one[2]]

    def set(self, name, kind, members):
        self.sets[name] = (kind, members)
        return name

    def ipset_restore(self):
        """Fills each set under another name, then swaps it: no rule sees a set half filled."""
        lines, temporary = [], {}
        for name, (kind, members) in sorted(self.sets.items()):
            if kind not in temporary:
                temporary[kind] = "TMP-" + short(f"tmp:{kind} timeout 0")
                lines += [f"create {temporary[kind]} {kind} timeout 0", f"flush {temporary[kind]}"]
            filled = temporary[kind]
            entries = (member if "timeout" in member else f"{member} timeout 0" for member in members)
            lines += [f"add {filled} {entry}" for entry in entries]
            lines += [f"create {name} {kind} timeout 0", f"swap {filled} {name}", f"flush {filled}"]
        return "\n".join([*lines, *(f"destroy {name}" for name in sorted(temporary.values())), ""])

    def iptables_restore(self, version):
        """The whole table `filter`."""
        # By namespace and name of the policy.
        chain = {}
        for policy in self.policies:
            namespace, name = policy["metadata"]["namespace"], policy["metadata"]["name"]
            chain[namespace, name] = "KUBE-NWPLCY-" + short(f"{namespace}{name}{version}IPv4")
        chains, rules = list(chain.values()), list(FIXED.rules)
        for namespace, name, match in self.rules:
            rules.append(f"-A {chain[namespace, name]} {match} {MARK}")
            rules.append(f"-A {chain[namespace, name]} {match} {MARKED}")
        for pod in self.pods:
            own = "KUBE-POD-FW-" + short(f"{pod['metadata']['namespace']}{pod['metadata']['name']}{version}")
            chains.append(own)
            rules += self.of_pod(pod, own, chain)
        declared = [f":{name} - [0:0]" for name in (*FIXED.chains, *chains)]
        return "\n".join(["*filter", *FIXED.built_in, *declared, *rules, *LAST, "COMMIT", ""])

    def of_pod(self, pod, own, chain):
        """The chain of a pod, and the jumps to it."""
        address, who = pod["status"]["podIP"], f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        into, out = (f'-m comment --comment "{who} {way}"' for way in ("in", "out"))
        denied = "-m mark ! --mark 0x10000/0x10000"
        return [
            *self.policies_of_pod(address, own, chain),
            f'-I {own} 1 -m comment --comment "from local node"'
            f" -m addrtype --src-type LOCAL -d {address} -j ACCEPT",
            f'-I {own} 1 -m comment --comment "common netpol rules" -j KUBE-NWPLCY-COMMON',
            f"-A KUBE-ROUTER-FORWARD {into} -d {address} -j {own}",
            f"-A KUBE-ROUTER-OUTPUT {into} -d {address} -j {own}",
            f"-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged {into} -d {address} -j {own}",
            *(f"-A KUBE-ROUTER-{hook} {out} -s {address} -j {own}" for hook in HOOKS),
            f"-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged {out} -s {address} -j {own}",
            f'-A {own} -m comment --comment "{who} log-drop" {denied} -j NFLOG --nflog-group 100'
            " -m limit --limit 10/minute --limit-burst 10",
            f'-A {own} -m comment --comment "{who} reject" {denied} -j REJECT',
            f"-A {own} -j MARK --set-mark 0/0x10000",
            f'-A {own} -m comment --comment "set netpol-ok mark" -j MARK --set-mark 0x20000/0x20000',
        ]

    def policies_of_pod(self, address, own, chain):
        """The jumps from a pod's chain to those of its policies; a direction without a policy is allowed."""
        policies = self.targets.get(address, [])
        isolated = {direction for _, _, direction in policies}
        jumps = [
            (direction, f"{namespace}/{name} policy", chain[namespace, name])
            for namespace, name, direction in policies
        ]
        jumps += [
            (direction, f"default {direction.lower()}", "KUBE-NWPLCY-DEFAULT")
            for direction in SIDES if direction not in isolated
        ]
        for direction, comment, to in jumps:
            yield f'-I {own} 1 {SIDES[direction]} {address} -m comment --comment "{comment}" -j {to}'


def rule_matches(comment, sets, ports):
    """The match of a rule for each of its ports: the sets of sources and destinations, and the port."""
    for port in ports:
        yield (
            f'-m comment --comment "{comment}"'
            f" -m set --match-set {sets['SRC']} src -m set --match-set {sets['DST']} dst"
            f" -p {port['protocol']} --dport {port['port']}"
        )


def with_load_in_the_middle(pods):
    """The same pods, with the two of the load in the middle: packets go through the rules of those before."""
    measured = [pod for pod in pods if pod["status"]["podIP"] in (CLIENT, POD)]
    others = [pod for pod in pods if pod not in measured]
    half = len(others) // 2
    return [*others[:half], *measured, *others[half:]]


def block(ip_block):
    """The entries of a set for an `ipBlock`."""
    # hash:net does not take networks of length 0.
    halves = ("0.0.0.0/1", "128.0.0.0/1")
    for network in halves if ip_block["cidr"].endswith("/0") else (ip_block["cidr"],):
        yield f"{network} timeout 0"
    for network in ip_block.get("except", []):
        yield f"{network} timeout 0 nomatch"


def short(text):
    """The end of a name, as kube-router makes it: names of chains and sets are short."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]
