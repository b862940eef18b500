"""kube-proxy's rules in iptables mode, as it writes them for ClusterIPs and load balancers' addresses."""

import base64
import hashlib

from .topology import CLUSTER, NODE, POD, POD_PORT, PORT

# Endpoints of each Service but the balanced one.
ENDPOINTS = 3
# As kube-proxy does, `-I` puts each jump before the rules that are there: the last one here comes first.
FILTER = """\
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-I INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-I INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-I OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-I FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-I INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-I OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
"""
NAT = """\
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-I OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-I PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
"""
LAST = (
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"'
    " -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
)


def install(node, services, published):
    """Loads the rules of so many Services.

    If `published`, the balanced one has the node's address in its status.
    """
    node.do("iptables-restore", "--noflush", text=ruleset(services, published))


def ruleset(services, published):
    """Rules for iptables-restore.

    The balanced Service stands in the middle: a new connection goes through the rules of all Services before
    its own, and kube-proxy's order is that of a hash.
    """
    chains, portals, rules = [], [], []
    for number in [*range(1, (services + 1) // 2), 0, *range((services + 1) // 2, services)]:
        for port in balanced(published) if number == 0 else [other(number)]:
            chains += port.chains()
            portals += port.portals()
            rules += port.rules()
    nat = ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", *chains]
    filters = [
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL",
    ]
    return (
        f"*filter\n{declarations(filters)}{FILTER}COMMIT\n"
        f"*nat\n{declarations(nat)}{NAT}{text(portals)}{LAST}\n{text(rules)}COMMIT\n"
    )


def declarations(chains):
    return text(f":{chain} - [0:0]" for chain in chains)


def text(lines):
    return "".join(f"{line}\n" for line in lines)


def cluster_ip(number):
    return f"10.43.{1 + number // 250}.{1 + number % 250}"


def balanced(published):
    """default/s0, TCP and UDP, whose only endpoint is the pod."""
    external = NODE if published else None
    pod = [f"{POD}:{POD_PORT}"]
    return [ServicePort(f"default/s0:{name}", name, 0, pod, external) for name in ("tcp", "udp")]


def other(number):
    pods = [f"10.42.{64 + number // 64}.{number % 64 * 4 + pod}:8080" for pod in range(ENDPOINTS)]
    return ServicePort(f"default/s{number}", "tcp", number, pods, None)


class ServicePort:
    """A port of a Service with its endpoints; `external` is the address in its status, if any."""

    def __init__(self, name, protocol, number, endpoints, external):
        self.name, self.protocol, self.address = name, protocol, cluster_ip(number)
        self.endpoints, self.external = endpoints, external
        self.service = hashed("KUBE-SVC-", name, protocol)
        self.external_chain = hashed("KUBE-EXT-", name, protocol)

    def chains(self):
        external = [self.external_chain] if self.external else []
        return [self.service, *external, *(self.endpoint(endpoint) for endpoint in self.endpoints)]

    def endpoint(self, endpoint):
        return hashed("KUBE-SEP-", self.name, self.protocol, endpoint)

    def portals(self):
        """The rules of KUBE-SERVICES, which a new connection goes through until one matches."""
        cluster, balancer = comment(f"{self.name} cluster IP"), comment(f"{self.name} loadbalancer IP")
        yield f"-A KUBE-SERVICES {cluster} {self.to(self.address)} -j {self.service}"
        if self.external:
            yield f"-A KUBE-SERVICES {balancer} {self.to(self.external)} -j {self.external_chain}"

    def to(self, address):
        return f"-m {self.protocol} -p {self.protocol} -d {address} --dport {PORT}"

    def rules(self):
        """The chains of the Service and of its endpoints."""
        cluster = comment(f"{self.name} cluster IP")
        yield f"-A {self.service} {cluster} {self.to(self.address)} ! -s {CLUSTER} -j KUBE-MARK-MASQ"
        if self.external:
            masquerade = comment(f"masquerade traffic for {self.name} external destinations")
            yield f"-A {self.external_chain} {masquerade} -j KUBE-MARK-MASQ"
            yield f"-A {self.external_chain} -j {self.service}"
        for index, endpoint in enumerate(self.endpoints):
            left, chain = len(self.endpoints) - index, self.endpoint(endpoint)
            chance = f"-m statistic --mode random --probability {1 / left:.10f} " if left > 1 else ""
            yield f"-A {self.service} {comment(f'{self.name} -> {endpoint}')} {chance}-j {chain}"
            start, protocol = f"-A {chain} {comment(self.name)}", f"-m {self.protocol} -p {self.protocol}"
            yield f"{start} -s {endpoint.split(':')[0]} -j KUBE-MARK-MASQ"
            yield f"{start} {protocol} -j DNAT --to-destination {endpoint}"


def comment(words):
    return f'-m comment --comment "{words}"'


def hashed(prefix, *parts):
    """The name of a chain, as kube-proxy makes it."""
    digest = hashlib.sha256("".join(parts).encode()).digest()
    return prefix + base64.b32encode(digest).decode()[:16]
