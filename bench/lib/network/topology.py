"""Network namespaces that are joined by links, and the processes in them."""

import contextlib

from ..process import Process, until
from .namespace import Namespace

# The load takes ports from here on; programs that choose a port themselves take those below.
FIRST_PORT = 2_000
# Everything runs on one core: nothing waits until another core wakes up, and only packets keep it busy.
CORES_OF_LOAD = "1"


class Topology:
    """A client, a node that forwards, and a pod with a server; `create` of a subclass makes them.

    Each contender has a topology of its own: the rules of one must not handle the packets of another, and
    nothing touches the network of the machine.
    """

    benchmark = None

    def __init__(self, name, programs, folder):
        self.name, self.programs, self.folder = name, programs, folder
        self.namespaces, self.processes = [], []
        self.server = None

    def namespace(self, place):
        namespace = Namespace(self.benchmark, f"{self.name}-{place}")
        # Before it is made: `close` also removes what a failure leaves half made.
        self.namespaces.append(namespace)
        namespace.create()
        return namespace

    def client_namespace(self):
        client = self.namespace("client")
        client.set("net/ipv4/ip_local_port_range", f"1024 {FIRST_PORT - 1}")
        return client

    def start(self, namespace, *words):
        """Starts a process inside; the topology stops it."""
        process = Process([*namespace.prefix(), *words], CORES_OF_LOAD, self.folder / f"{self.name}.log")
        self.processes.append(process)
        return process

    def serve(self, namespace, port):
        """Starts the server of all loads."""
        server = self.start(namespace, self.programs.load, "serve", port)
        until(lambda: f":{port} " in namespace.do("ss", "-Hltn"), 10, f"the pod of {self.name} serves")
        return server

    def pids(self):
        """The processes that take part in every load."""
        return [pid for process in self.processes for pid in process.pids()]

    def move_node(self, cores):
        """Moves the processes of the node, all but the pod's server, to other cores."""
        for process in self.processes:
            if process is not self.server:
                process.move(cores)

    def flush_conntrack(self):
        """Empties the tables of tracked connections of all namespaces that have one."""
        raise NotImplementedError

    def close(self):
        """Removes everything, however much of it was made."""
        for process in self.processes:
            process.stop()
        for namespace in self.namespaces:
            namespace.delete()


@contextlib.contextmanager
def topologies(kind, programs, folder):
    """Gives a function that makes topologies by name; removes all of them in the end, whatever happens."""
    with contextlib.ExitStack() as stack:

        def make(name, **options):
            topology = kind(name, programs, folder)
            stack.callback(topology.close)
            topology.create(**options)
            return topology

        yield make


def add_veth(node, name, other):
    """A link from the node to the other namespace's eth0, with both ends down."""
    peer = ["peer", "name", "eth0", "netns", f"/run/netns/{other.name}"]
    node.do("ip", "link", "add", name, "type", "veth", *peer)
