"""Load on a contender, and what it costs."""

import json
import time

from . import cpu
from .namespace import command, run
from .world import CORES_OF_LOAD, FIRST_PORT

CONNECTIONS = 10_000
ROUNDTRIPS = 50_000
FLOWS = 10_000
STREAM_MILLISECONDS = 1_000
# Client and server of a stream are each other's bottleneck, not the core that they share.
CORE_OF_STREAM = "0"
# What is busy tells nothing if more than this many cores are busy before or after.
QUIET = 0.1
PROCESSES = "CPU us of the processes"
MACHINE = "busy CPU us of the machine"
LOADS = {
    "TCP connection": ("tcp-connections", CONNECTIONS),
    "UDP round trip": ("udp-roundtrips", ROUNDTRIPS),
    "new UDP flow": ("udp-flows", FLOWS),
}


class Ports:
    """Ports of clients: none is used twice within a minute, as long as the server may remember it."""

    def __init__(self):
        self.first = FIRST_PORT

    def take(self, count):
        if self.first + count > 65_000:
            self.first = FIRST_PORT
        first, self.first = self.first, self.first + count
        return first


def cost(contender, load, ports):
    """CPU microseconds for each connection, round trip or flow, by whose they are counted as; and how many cores are busy anyway."""
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
    contender.world.forget_connections()
    pids = [*cpu.of_softirqs(), *contender.world.pids()]
    processes = cpu.of_processes(pids)
    report = act(contender, CORES_OF_LOAD, mode, contender.address, count, *first)
    return (cpu.of_processes(pids) - processes + report["cpu_seconds"]) / report["count"] * 1e6


def stream(contender):
    """Gigabits per second of one connection, and CPU microseconds of the processes for each megabyte."""
    contender.world.spread("0,1")
    pids = [*cpu.of_softirqs(), *contender.world.pids()]
    processes = cpu.of_processes(pids)
    report = act(contender, CORE_OF_STREAM, "stream", contender.address, STREAM_MILLISECONDS)
    processes = cpu.of_processes(pids) - processes + report["cpu_seconds"]
    contender.world.spread(CORES_OF_LOAD)
    return report["count"] * 8 / report["seconds"] / 1e9, processes * 1e12 / report["count"]


def seen(contender, protocol):
    """The client's address as the pod sees it."""
    return act(contender, CORES_OF_LOAD, f"ask-{protocol}", contender.address)["address"]


def is_refused(contender, address):
    """Whether a connection to an address is refused."""
    done = run(*words_of(contender, CORES_OF_LOAD, "ask-tcp", address))
    return done.returncode != 0 and "ConnectionRefused" in done.stderr


def act(contender, cores, *words):
    return json.loads(command(*words_of(contender, cores, *words)))


def words_of(contender, cores, *words):
    world = contender.world
    return ["taskset", "-c", cores, *world.client.prefix(), world.programs.load, *words]
