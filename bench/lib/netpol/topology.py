"""Two pods on the bridge of a node, as flannel sets it up.

    client 10.42.0.10 -- cni0 10.42.0.1 of the node -- 10.42.0.11 pod
"""

from ..network import topology

GATEWAY = "10.42.0.1"
CLIENT = "10.42.0.10"
POD = "10.42.0.11"
# The policies allow the first one.
PORT = 8080
FORBIDDEN_PORT = 8081


class Topology(topology.Topology):
    """The namespaces, and the pod's servers."""

    benchmark = "netpol"

    def create(self):
        self.node, self.client = self.namespace("node"), self.client_namespace()
        self.pod = self.namespace("pod")
        self.node.do("ip", "link", "add", "cni0", "type", "bridge")
        self.node.do("ip", "address", "add", f"{GATEWAY}/16", "dev", "cni0")
        self.node.do("ip", "link", "set", "cni0", "up")
        # Without these (br_netfilter) no rule sees what crosses the bridge.
        self.node.set("net/bridge/bridge-nf-call-iptables", 1)
        self.node.set("net/bridge/bridge-nf-call-ip6tables", 1)
        self.add_pod("veth10", self.client, CLIENT)
        self.add_pod("veth11", self.pod, POD)
        self.server = self.serve(self.pod, PORT)
        self.serve(self.pod, FORBIDDEN_PORT)

    def add_pod(self, name, pod, address):
        topology.add_veth(self.node, name, pod)
        self.node.do("ip", "link", "set", name, "master", "cni0", "up")
        pod.do("ip", "address", "add", f"{address}/16", "dev", "eth0")
        pod.do("ip", "link", "set", "eth0", "up")
        pod.do("ip", "route", "add", "default", "via", GATEWAY)

    def flush_conntrack(self):
        self.node.flush_conntrack()
