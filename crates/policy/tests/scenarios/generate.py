#!/usr/bin/env python3
"""Writes cases/generated.yaml: random policies, and what a reading of the API's documentation in another language says of them.

    python3 generate.py [SEED] [COUNT] > cases/generated.yaml

The cluster is that of cluster.yaml. Only the standard library is needed.
"""

import ipaddress
import itertools
import json
import random
import sys

NAMESPACES, PODS = "xyz", "abc"
TRANSPORTS = [("TCP", 80), ("TCP", 81), ("UDP", 80), ("UDP", 81)]


class Pod:
    def __init__(self, namespace, name):
        self.namespace, self.name = namespace, name
        self.labels = {"pod": name}
        numbers = (NAMESPACES.index(namespace) + 1, PODS.index(name) + 1)
        self.ips = {4: ipaddress.ip_address("10.0.%d.%d" % numbers), 6: ipaddress.ip_address("fd00:%d::%d" % numbers)}
        self.ports = {(f"serve-{port}-{protocol.lower()}", protocol): port for protocol, port in TRANSPORTS}
        web = {"a": 80, "b": 81}.get(name)
        if web:
            self.ports[("web", "TCP")] = web

    def __str__(self):
        return f"{self.namespace}/{self.name}"


ALL = [Pod(namespace, name) for namespace in NAMESPACES for name in PODS]


# ---- what the documentation says ------------------------------------------


def selects(selector, labels):
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for one in selector.get("matchExpressions", []):
        value = labels.get(one["key"])
        holds = {
            "In": lambda: value in one["values"],
            "NotIn": lambda: value not in one["values"],
            "Exists": lambda: value is not None,
            "DoesNotExist": lambda: value is None,
        }[one["operator"]]()
        if not holds:
            return False
    return True


def namespace_labels(name):
    return {"ns": name, "kubernetes.io/metadata.name": name}


def is_peer(peer, policy, other, ip):
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        inside = lambda network: ip.version == ipaddress.ip_network(network).version and ip in ipaddress.ip_network(network)
        return inside(block["cidr"]) and not any(inside(network) for network in block.get("except", []))
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], namespace_labels(other.namespace)):
            return False
    elif other.namespace != policy["metadata"]["namespace"]:
        return False
    return selects(peer.get("podSelector", {}), other.labels)


def is_port(entry, destination, protocol, port):
    if entry.get("protocol", "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return destination.ports.get((wanted, protocol)) == port
    return wanted <= port <= entry.get("endPort", wanted)


def types(policy):
    spec = policy["spec"]
    return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def side_allows(policies, direction, pod, other, other_ip, destination, protocol, port):
    """One side of a connection: the pod's policies of a direction, and the other end."""
    rules, peers = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}[direction]
    isolated = False
    for policy in policies:
        spec = policy["spec"]
        if policy["metadata"]["namespace"] != pod.namespace or direction not in types(policy):
            continue
        if not selects(spec["podSelector"], pod.labels):
            continue
        isolated = True
        for rule in spec.get(rules, []):
            known = not rule.get(peers) or any(is_peer(peer, policy, other, other_ip) for peer in rule[peers])
            meant = not rule.get("ports") or any(is_port(entry, destination, protocol, port) for entry in rule["ports"])
            if known and meant:
                return True
    return not isolated


def allows(policies, source, destination, version, protocol, port):
    common = (destination, protocol, port)
    return side_allows(policies, "Egress", source, destination, destination.ips[version], *common) and side_allows(
        policies, "Ingress", destination, source, source.ips[version], *common
    )


# ---- random policies --------------------------------------------------------


def pod_selector(chance):
    values = lambda: sorted(chance.sample(PODS, chance.randint(1, 2)))
    return chance.choice(
        [
            lambda: {},
            lambda: {"matchLabels": {"pod": chance.choice(PODS)}},
            lambda: {"matchExpressions": [{"key": "pod", "operator": chance.choice(["In", "NotIn"]), "values": values()}]},
            lambda: {"matchExpressions": [{"key": "pod", "operator": "Exists"}]},
            lambda: {"matchLabels": {"pod": "nobody"}},
        ]
    )()


def namespace_selector(chance):
    values = lambda: sorted(chance.sample(NAMESPACES, chance.randint(1, 2)))
    return chance.choice(
        [
            lambda: {},
            lambda: {"matchLabels": {"ns": chance.choice(NAMESPACES)}},
            lambda: {"matchLabels": {"kubernetes.io/metadata.name": chance.choice(NAMESPACES)}},
            lambda: {"matchExpressions": [{"key": "ns", "operator": chance.choice(["In", "NotIn"]), "values": values()}]},
            lambda: {"matchExpressions": [{"key": "ns", "operator": "DoesNotExist"}]},
        ]
    )()


def block(chance):
    some = lambda version: f"{chance.choice(ALL).ips[version]}/{32 if version == 4 else 128}"
    return chance.choice(
        [
            lambda: {"cidr": some(4)},
            lambda: {"cidr": some(6)},
            lambda: {"cidr": "0.0.0.0/0"},
            lambda: {"cidr": "::/0"},
            lambda: {"cidr": "0.0.0.0/0", "except": sorted({some(4), some(4)})},
            lambda: {"cidr": "::/0", "except": [some(6)]},
        ]
    )()


def peer(chance):
    return chance.choice(
        [
            lambda: {"podSelector": pod_selector(chance)},
            lambda: {"namespaceSelector": namespace_selector(chance)},
            lambda: {"namespaceSelector": namespace_selector(chance), "podSelector": pod_selector(chance)},
            lambda: {"ipBlock": block(chance)},
        ]
    )()


def port(chance):
    return chance.choice(
        [
            lambda: {"port": chance.choice([80, 81])},
            lambda: {"port": chance.choice([80, 81]), "protocol": "UDP"},
            lambda: {"protocol": chance.choice(["TCP", "UDP", "SCTP"])},
            lambda: {"port": 80, "endPort": 81, "protocol": chance.choice(["TCP", "UDP"])},
            lambda: {"port": 1, "endPort": 80},
            lambda: {"port": chance.choice(["serve-80-tcp", "serve-81-tcp", "web", "no-such-port"])},
            lambda: {"port": "serve-80-udp", "protocol": chance.choice(["UDP", "TCP"])},
        ]
    )()


def rule(chance, peers):
    made = {}
    if chance.random() < 0.75:
        made[peers] = [peer(chance) for _ in range(chance.randint(1, 2))]
    if chance.random() < 0.6:
        made["ports"] = [port(chance) for _ in range(chance.randint(1, 2))]
    return made


def policy(chance, number):
    spec = {"podSelector": pod_selector(chance)}
    listed = chance.choice([None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]])
    if listed:
        spec["policyTypes"] = listed
    for rules, peers in (("ingress", "from"), ("egress", "to")):
        count = chance.choice([None, 0, 1, 1, 2])
        if count is not None:
            spec[rules] = [rule(chance, peers) for _ in range(count)]
    return {"kind": "NetworkPolicy", "metadata": {"namespace": chance.choice(NAMESPACES), "name": f"p{number}"}, "spec": spec}


# ---- expectations -----------------------------------------------------------


def expect(policies):
    lines = []
    word = {True: "yes", False: "no"}
    for protocol, number in TRANSPORTS:
        ends = f"{protocol.lower()} {number}"
        lines.append(f"* -> * {ends} yes")
        for destination in ALL:
            told = {source: allows(policies, source, destination, 4, protocol, number) for source in ALL if source is not destination}
            usual = sum(told.values()) * 2 >= len(told)
            if not usual:
                lines.append(f"* -> {destination} {ends} no")
            lines += [f"{source} -> {destination} {ends} {word[one]}" for source, one in told.items() if one != usual]
        for source, destination in itertools.permutations(ALL, 2):
            four, six = (allows(policies, source, destination, version, protocol, number) for version in (4, 6))
            if four != six:
                lines.append(f"{source.ips[6]} -> {destination.ips[6]} {ends} {word[six]}")
    return lines


def main():
    seed, count = (int(text) for text in (sys.argv[1:] + ["1", "200"][len(sys.argv) - 1 :])[:2])
    chance = random.Random(seed)
    print(f"# Written by generate.py {seed} {count}.")
    for number in range(count):
        policies = [policy(chance, index) for index in range(chance.randint(1, 4))]
        print(f"- name: \"generated {number}\"\n  objects:")
        for one in policies:
            print(f"  - {json.dumps(one)}")
        print("  expect:")
        for line in expect(policies):
            print(f"  - {json.dumps(line)}")


main()
