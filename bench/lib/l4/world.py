"""A client, a node and a pod: network namespaces that are joined by veths, and nothing on the machine's own network.

    client 192.0.2.2 -- 192.0.2.1 node 10.42.0.1 -- 10.42.0.11 pod
                                       10.42.0.1 -- 10.42.0.12 svclb (klipper-lb's, if there is one)
"""

import os
import subprocess

from ..process import Process, until

NODE = "192.0.2.1"
CLIENT = "192.0.2.2"
GATEWAY = "10.42.0.1"
POD = "10.42.0.11"
SVCLB = "10.42.0.12"
PODS = "10.42.0.0/24"
CLUSTER = "10.42.0.0/16"
PORT = 80
POD_PORT = 8080
# The first port of clients that the load chooses.
FIRST_PORT = 2_000
# Everything runs on one core, so that nothing waits for another core to wake up, and what is busy is what the packets cost.
CORES_OF_LOAD = "1"


class Namespace:
    """A network namespace, which `create` makes."""

    def __init__(self, name):
        self.name = name

    def create(self):
        """With forwarding on."""
        command("ip", "netns", "add", self.name)
        self.do("ip", "link", "set", "lo", "up")
        self.set("net/ipv4/ip_forward", 1)
        self.set("net/ipv4/conf/all/rp_filter", 0)
        self.set("net/ipv4/conf/default/rp_filter", 0)
        self.set("net/ipv4/ip_local_port_range", "1024 65535")

    def prefix(self):
        """What a command begins with to run inside."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def do(self, *words, text=None):
        """Runs a program inside, which must succeed; returns what it prints."""
        return command(*self.prefix(), *words, text=text)

    def set(self, name, value):
        """Writes a value under /proc/sys."""
        self.do("sh", "-c", f"echo '{value}' >/proc/sys/{name}")

    def forget_connections(self):
        """Empties the table of tracked connections."""
        self.do("conntrack", "-F")

    def delete(self):
        """Removes it, if it is there."""
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)


class World:
    """The namespaces, and the pod's server: `create` makes them, and `close` removes those that are there."""

    def __init__(self, name, programs, folder):
        self.name, self.programs, self.folder = name, programs, folder
        self.namespaces, self.processes = [], []
        self.svclb = None

    def create(self, svclb):
        self.node, self.client, self.pod = (self.namespace(place) for place in ("node", "client", "pod"))
        # What chooses its port itself keeps clear of the ports of the load.
        self.client.set("net/ipv4/ip_local_port_range", f"1024 {FIRST_PORT - 1}")
        link(self.node, "outside", f"{NODE}/24", self.client, f"{CLIENT}/24", NODE)
        self.add_pod(self.pod, POD)
        if svclb:
            self.svclb = self.namespace("svclb")
            self.add_pod(self.svclb, SVCLB)
        self.server = self.start(self.pod, self.programs.load, "serve", POD_PORT)
        until(self.serves, 10, f"the pod of {self.name} serves")

    def namespace(self, place):
        namespace = Namespace(f"kinglet-l4-{os.getpid()}-{self.name}-{place}")
        self.namespaces.append(namespace)
        namespace.create()
        return namespace

    def add_pod(self, pod, address):
        name = f"veth{address.rsplit('.', 1)[1]}"
        link(self.node, name, f"{GATEWAY}/32", pod, f"{address}/32", GATEWAY)
        self.node.do("ip", "route", "add", f"{address}/32", "dev", name)

    def start(self, namespace, *words):
        """Starts a process inside; the world stops it."""
        process = Process([*namespace.prefix(), *words], CORES_OF_LOAD, self.folder / f"{self.name}.log")
        self.processes.append(process)
        return process

    def serves(self):
        return f"{POD_PORT} " in self.pod.do("ss", "-Hltn")

    def pids(self):
        """The processes that take part in every load."""
        return [pid for process in self.processes for pid in process.pids()]

    def spread(self, cores):
        """Moves what is on the node to these cores."""
        for process in self.processes:
            if process is not self.server:
                process.move(cores)

    def forget_connections(self):
        for namespace in filter(None, (self.node, self.svclb)):
            namespace.forget_connections()

    def close(self):
        for process in self.processes:
            process.stop()
        for namespace in self.namespaces:
            namespace.delete()


def link(node, name, node_address, other, other_address, gateway):
    """A veth from the node to the other's eth0, with a route back."""
    node.do("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", f"/run/netns/{other.name}")
    node.do("ip", "address", "add", node_address, "dev", name)
    node.do("ip", "link", "set", name, "up")
    other.do("ip", "address", "add", other_address, "dev", "eth0")
    other.do("ip", "link", "set", "eth0", "up")
    other.do("ip", "route", "replace", f"{gateway}/32", "dev", "eth0")
    other.do("ip", "route", "add", "default", "via", gateway)


def command(*words, text=None):
    """Runs a program, which must succeed; returns what it prints."""
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")
    return done.stdout
