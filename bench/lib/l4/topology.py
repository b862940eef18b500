"""A client outside, a node and a pod, joined by veths.

    client 192.0.2.2 -- 192.0.2.1 node 10.42.0.1 -- 10.42.0.11 pod
                                       10.42.0.1 -- 10.42.0.12 svclb (klipper-lb's, if there is one)
"""

from ..network import topology

NODE = "192.0.2.1"
CLIENT = "192.0.2.2"
GATEWAY = "10.42.0.1"
POD = "10.42.0.11"
SVCLB = "10.42.0.12"
PODS = "10.42.0.0/24"
CLUSTER = "10.42.0.0/16"
PORT = 80
POD_PORT = 8080


class Topology(topology.Topology):
    """The namespaces, and the pod's server."""

    benchmark = "l4"
    svclb = None

    def create(self, svclb=False):
        self.node, self.client = self.namespace("node"), self.client_namespace()
        self.pod = self.namespace("pod")
        link(self.node, "outside", f"{NODE}/24", self.client, f"{CLIENT}/24", NODE)
        self.add_pod(self.pod, POD)
        if svclb:
            self.svclb = self.namespace("svclb")
            self.add_pod(self.svclb, SVCLB)
        self.server = self.serve(self.pod, POD_PORT)

    def add_pod(self, pod, address):
        """A pod with a routed link of its own: no bridge adds to the cost of a packet."""
        name = f"veth{address.rsplit('.', 1)[1]}"
        link(self.node, name, f"{GATEWAY}/32", pod, f"{address}/32", GATEWAY)
        self.node.do("ip", "route", "add", f"{address}/32", "dev", name)

    def flush_conntrack(self):
        for namespace in filter(None, (self.node, self.svclb)):
            namespace.flush_conntrack()


def link(node, name, node_address, other, other_address, gateway):
    """A veth from the node to the other's eth0, with the default route of the other."""
    topology.add_veth(node, name, other)
    node.do("ip", "address", "add", node_address, "dev", name)
    node.do("ip", "link", "set", name, "up")
    other.do("ip", "address", "add", other_address, "dev", "eth0")
    other.do("ip", "link", "set", "eth0", "up")
    # An address with /32 brings no route to its gateway.
    other.do("ip", "route", "replace", f"{gateway}/32", "dev", "eth0")
    other.do("ip", "route", "add", "default", "via", gateway)
