"""Two pods on the bridge of a node, as flannel sets it up; the node's rules see what crosses the bridge.

    client 10.42.0.10 -- cni0 10.42.0.1 of the node -- 10.42.0.11 pod
"""

from ..network import world

GATEWAY = "10.42.0.1"
CLIENT = "10.42.0.10"
POD = "10.42.0.11"
# The policies allow the first one.
PORT = 8080
FORBIDDEN_PORT = 8081


class World(world.World):
    """The namespaces, and the pod's servers: `create` makes them."""

    benchmark = "netpol"

    def create(self):
        self.node, self.client, self.pod = self.namespace("node"), self.client_namespace(), self.namespace("pod")
        self.node.do("ip", "link", "add", "cni0", "type", "bridge")
        self.node.do("ip", "address", "add", f"{GATEWAY}/16", "dev", "cni0")
        self.node.do("ip", "link", "set", "cni0", "up")
        self.node.set("net/bridge/bridge-nf-call-iptables", 1)
        self.node.set("net/bridge/bridge-nf-call-ip6tables", 1)
        self.add_pod("veth10", self.client, CLIENT)
        self.add_pod("veth11", self.pod, POD)
        self.server = self.serve(self.pod, PORT)
        self.serve(self.pod, FORBIDDEN_PORT)

    def add_pod(self, name, pod, address):
        self.node.do("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", f"/run/netns/{pod.name}")
        self.node.do("ip", "link", "set", name, "master", "cni0", "up")
        pod.do("ip", "address", "add", f"{address}/16", "dev", "eth0")
        pod.do("ip", "link", "set", "eth0", "up")
        pod.do("ip", "route", "add", "default", "via", GATEWAY)

    def forget_connections(self):
        self.node.forget_connections()
