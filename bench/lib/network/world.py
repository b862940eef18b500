"""Network namespaces that belong together, and the processes in them."""

from ..process import Process, until
from .namespace import Namespace

# The first port of clients that the load chooses.
FIRST_PORT = 2_000
# Everything runs on one core, so that nothing waits for another core to wake up, and what is busy is what the packets cost.
CORES_OF_LOAD = "1"


class World:
    """A client, a node that forwards, and a pod with a server, to begin with: `close` removes everything, whatever was made."""

    benchmark = None

    def __init__(self, name, programs, folder):
        self.name, self.programs, self.folder = name, programs, folder
        self.namespaces, self.processes = [], []
        self.server = None

    def namespace(self, place):
        namespace = Namespace(self.benchmark, f"{self.name}-{place}")
        self.namespaces.append(namespace)
        namespace.create()
        return namespace

    def client_namespace(self):
        """What chooses its port itself keeps clear of the ports of the load."""
        client = self.namespace("client")
        client.set("net/ipv4/ip_local_port_range", f"1024 {FIRST_PORT - 1}")
        return client

    def start(self, namespace, *words):
        """Starts a process inside; the world stops it."""
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

    def spread(self, cores):
        """Moves what is on the node to these cores."""
        for process in self.processes:
            if process is not self.server:
                process.move(cores)

    def forget_connections(self):
        raise NotImplementedError

    def close(self):
        for process in self.processes:
            process.stop()
        for namespace in self.namespaces:
            namespace.delete()
