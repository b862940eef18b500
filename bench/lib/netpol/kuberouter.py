"""kube-router's rules and sets for a cluster, as its iptables back end writes them (2.11)."""

import base64
import hashlib
import random

from .kuberouter_fixed import FIXED, LAST
from .world import CLIENT, POD

# kube-router goes through pods and policies in the order of a hash.
ORDER = 11
MARK = "-j MARK --set-xmark 0x10000/0x10000"
MARKED = "-m mark --mark 0x10000/0x10000 -j RETURN"


class KubeRouter:
    """What a full sync writes. All chains of pods and policies have new names in each `version`, as there."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.sets = {}
        # By namespace: what a policy selects, its direction, and its name.
        self.targets = {}
        self.rules = []
        shuffled = random.Random(ORDER)
        self.policies = shuffled.sample(cluster.policies, len(cluster.policies))
        self.pods = in_the_middle(shuffled.sample(cluster.local(), len(cluster.local())))
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
            pods = [address for peer in rule[list_name] for address in self.cluster.peer(namespace, peer)]
            blocks = [entry for peer in rule[list_name] if "ipBlock" in peer for entry in block(peer["ipBlock"])]
            for kind, hashed, members, suffix in (("pods", "hash:ip", pods, "pod"), ("cidr", "hash:net", blocks, "ipblock")):
                if members:
                    there = self.set(f"KUBE-{other}-{short(what + suffix)}", hashed, members)
                    sets = {own: own_set, other: there}
                    comment = f"{namespace}/{name} {direction.lower()} {kind}"
                    for port in rule["ports"]:
                        self.rules.append((namespace, name, f'-m comment --comment "{comment}"'
                            f" -m set --match-set {sets['SRC']} src -m set --match-set {sets['DST']} dst"
                            f" -p {port['protocol']} --dport {port['port']}"))

    def set(self, name, kind, members):
        self.sets[name] = (kind, members)
        return name

    def ipset_restore(self):
        """Each set is filled under another name, and swapped with what is there."""
        lines, temporary = [], {}
        for name, (kind, members) in sorted(self.sets.items()):
            if kind not in temporary:
                temporary[kind] = "TMP-" + short(f"tmp:{kind} timeout 0")
                lines += [f"create {temporary[kind]} {kind} timeout 0", f"flush {temporary[kind]}"]
            filled = temporary[kind]
            lines += [f"add {filled} {member if 'timeout' in member else member + ' timeout 0'}" for member in members]
            lines += [f"create {name} {kind} timeout 0", f"swap {filled} {name}", f"flush {filled}"]
        return "\n".join([*lines, *(f"destroy {name}" for name in sorted(temporary.values())), ""])

    def iptables_restore(self, version):
        """The whole table `filter`."""
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
        """The chain of a pod, and what leads to it."""
        address, who = pod["status"]["podIP"], f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        rules, directions = [], set()
        for namespace, name, direction in self.targets.get(address, []):
            directions.add(direction)
            side = "-d" if direction == "Ingress" else "-s"
            rules.append(
                f'-I {own} 1 {side} {address} -m comment --comment "{namespace}/{name} policy" -j {chain[namespace, name]}'
            )
        for direction, side in (("Ingress", "-d"), ("Egress", "-s")):
            if direction not in directions:
                rules.append(
                    f'-I {own} 1 {side} {address} -m comment --comment "default {direction.lower()}" -j KUBE-NWPLCY-DEFAULT'
                )
        into, out = (f'-m comment --comment "{who} {way}"' for way in ("in", "out"))
        denied = "-m mark ! --mark 0x10000/0x10000"
        return [
            *rules,
            f'-I {own} 1 -m comment --comment "from local node" -m addrtype --src-type LOCAL -d {address} -j ACCEPT',
            f'-I {own} 1 -m comment --comment "common netpol rules" -j KUBE-NWPLCY-COMMON',
            f"-A KUBE-ROUTER-FORWARD {into} -d {address} -j {own}",
            f"-A KUBE-ROUTER-OUTPUT {into} -d {address} -j {own}",
            f"-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged {into} -d {address} -j {own}",
            *(f"-A KUBE-ROUTER-{hook} {out} -s {address} -j {own}" for hook in ("INPUT", "FORWARD", "OUTPUT")),
            f"-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged {out} -s {address} -j {own}",
            f'-A {own} -m comment --comment "{who} log-drop" {denied} -j NFLOG --nflog-group 100'
            " -m limit --limit 10/minute --limit-burst 10",
            f'-A {own} -m comment --comment "{who} reject" {denied} -j REJECT',
            f"-A {own} -j MARK --set-mark 0/0x10000",
            f'-A {own} -m comment --comment "set netpol-ok mark" -j MARK --set-mark 0x20000/0x20000',
        ]


def in_the_middle(pods):
    """The two pods of the load among all others."""
    ours = [pod for pod in pods if pod["status"]["podIP"] in (CLIENT, POD)]
    others = [pod for pod in pods if pod not in ours]
    half = len(others) // 2
    return [*others[:half], *ours, *others[half:]]


def block(block):
    """Entries for a block: a set of this kind cannot hold everything."""
    for network in ("0.0.0.0/1", "128.0.0.0/1") if block["cidr"].endswith("/0") else (block["cidr"],):
        yield f"{network} timeout 0"
    for network in block.get("except", []):
        yield f"{network} timeout 0 nomatch"


def short(text):
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]
