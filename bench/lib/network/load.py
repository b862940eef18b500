"""Load on a contender, and the CPU time that it takes."""

import json
import time

from . import cpu
from .namespace import command, run
from .topology import CORES_OF_LOAD, FIRST_PORT

STREAM_MILLISECONDS = 1_000
# The client of a stream has a core of its own, so that the core which it would share is not the bottleneck.
CORE_OF_STREAM = "0"
CORES_WITH_STREAM = "0,1"
# The busy time of the machine counts only if no more cores than this are busy before and after a load.
QUIET = 0.1
PROCESSES = "CPU us of the processes"
MACHINE = "busy CPU us of the machine"
LAST_PORT = 65_000
# The load generator's mode, and how many connections, round trips or flows, by the name of the load.
LOADS = {
    "TCP connection": ("tcp-connections", 10_000),
    "UDP round trip": ("udp-roundtrips", 50_000),
    "new UDP flow": ("udp-flows", 10_000),
}


class Ports:
    """Ports of clients. None comes twice within a minute: so long the server keeps it in TIME_WAIT."""

    def __init__(self):
        self.first = FIRST_PORT

    def take(self, count):
        if self.first + count > LAST_PORT:
            self.first = FIRST_PORT
        first, self.first = self.first, self.first + count
        return first


def cost(contender, load, ports):
    """CPU microseconds of one connection, round trip or flow; and how many cores are busy anyway.

    There are two figures: PROCESSES, and MACHINE if nothing else disturbed it.
    """
    count = LOADS[load][1]
    idle = cpu.background()
    began, machine = time.monotonic(), cpu.of_machine()
    costs = {PROCESSES: cost_of_processes(contender, load, ports, count)}
    machine = cpu.of_machine() - machine - idle * (time.monotonic() - began)
    if idle <= QUIET and cpu.background() <= QUIET:
        costs[MACHINE] = machine / count * 1e6
    return costs, idle


def cost_of_processes(contender, load, ports, count):
    """CPU microseconds of the processes for each of `count` connections, round trips or flows."""
    mode = LOADS[load][0]
    first = [] if mode == "udp-roundtrips" else [ports.take(count)]
    # Connections of the load before would make look-ups in the kernel's table slower.
    contender.topology.flush_conntrack()
    spent, report = measured(contender, CORES_OF_LOAD, mode, count, *first)
    return spent / report["count"] * 1e6


def stream(contender):
    """Gigabits per second of one connection, and CPU microseconds of the processes for each megabyte."""
    contender.topology.move_node(CORES_WITH_STREAM)
    spent, report = measured(contender, CORE_OF_STREAM, "stream", STREAM_MILLISECONDS)
    contender.topology.move_node(CORES_OF_LOAD)
    return report["count"] * 8 / report["seconds"] / 1e9, spent * 1e12 / report["count"]


def measured(contender, cores, mode, *words):
    """CPU seconds of load generator, topology and ksoftirqd; and the report of the load generator."""
    pids = [*cpu.ksoftirqd(), *contender.topology.pids()]
    before = cpu.of_processes(pids)
    report = json.loads(command(*words_of(contender, cores, mode, contender.address, *words)))
    return cpu.of_processes(pids) - before + report["cpu_seconds"], report


def client_address(contender, protocol):
    """The client's address as the pod sees it."""
    words = words_of(contender, CORES_OF_LOAD, f"ask-{protocol}", contender.address)
    return json.loads(command(*words))["address"]


def is_refused(contender, address):
    """Whether a connection to an address is refused."""
    done = run(*words_of(contender, CORES_OF_LOAD, "ask-tcp", address))
    return done.returncode != 0 and "ConnectionRefused" in done.stderr


def words_of(contender, cores, *words):
    topology = contender.topology
    return ["taskset", "-c", cores, *topology.client.prefix(), topology.programs.load, *words]
