"""A client, a node and a pod: network namespaces that are joined by veths, and nothing on the machine's own network.

    client 192.0.2.2 -- 192.0.2.1 node 10.42.0.1 -- 10.42.0.11 pod
                                       10.42.0.1 -- 10.42.0.12 svclb (klipper-lb's, if there is one)
"""

from ..network import world

NODE = "192.0.2.1"
CLIENT = "192.0.2.2"
GATEWAY = "10.42.0.1"
POD = "10.42.0.11"
SVCLB = "10.42.0.12"
PODS = "10.42.0.0/24"
CLUSTER = "10.42.0.0/16"
PORT = 80
POD_PORT = 8080


class World(world.World):
    """The namespaces, and the pod's server: `create` makes them."""

    benchmark = "l4"
    svclb = None

    def create(self, svclb):
        self.node, self.client, self.pod = self.namespace("node"), self.client_namespace(), self.namespace("pod")
        link(self.node, "outside", f"{NODE}/24", self.client, f"{CLIENT}/24", NODE)
        self.add_pod(self.pod, POD)
        if svclb:
            self.svclb = self.namespace("svclb")
            self.add_pod(self.svclb, SVCLB)
        self.server = self.serve(self.pod, POD_PORT)

    def add_pod(self, pod, address):
        name = f"veth{address.rsplit('.', 1)[1]}"
        link(self.node, name, f"{GATEWAY}/32", pod, f"{address}/32", GATEWAY)
        self.node.do("ip", "route", "add", f"{address}/32", "dev", name)

    def forget_connections(self):
        for namespace in filter(None, (self.node, self.svclb)):
            namespace.forget_connections()


def link(node, name, node_address, other, other_address, gateway):
    """A veth from the node to the other's eth0, with a route back."""
    node.do("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", f"/run/netns/{other.name}")
    node.do("ip", "address", "add", node_address, "dev", name)
    node.do("ip", "link", "set", name, "up")
    other.do("ip", "address", "add", other_address, "dev", "eth0")
    other.do("ip", "link", "set", "eth0", "up")
    other.do("ip", "route", "replace", f"{gateway}/32", "dev", "eth0")
    other.do("ip", "route", "add", "default", "via", gateway)
