"""All contenders in turn, round after round."""

import statistics

from ..network import cpu, load
from ..network.programs import Programs
from ..network.rounds import turns, verified
from ..table import Figures
from . import rules
from .contenders import KINGLET, all_of_them, named

TOOLS = ("conntrack", "ip", "ipset", "iptables", "iptables-restore", "nft", "nsenter", "ss", "taskset")
# Turns of a round, and how many connections, round trips or flows in each.
TURNS = 6
LOADS = {"TCP connection": 2_500, "new UDP flow": 2_500, "UDP round trip": 12_500}
# No first packets: these are put on some only.
ESTABLISHED = "UDP round trip"


def run(options, folder):
    figures, programs = Figures(named("Kinglet", *KINGLET)), Programs("netpol_rules", "kinglet-policy", TOOLS)
    with verified(all_of_them(programs, folder)) as contenders:
        measure(figures, contenders, programs, options.rounds)
    return figures


def measure(figures, contenders, programs, rounds):
    ports = load.Ports()
    for number in range(rounds):
        figures.add("cores busy with something else", "all", cpu.background())
        for name, count in LOADS.items():
            those = [contender for contender in contenders if name != ESTABLISHED or contender.everything]
            cost = lambda contender: load.cost_of_processes(contender, name, ports, count)
            note(figures, name, those, list(turns(those, TURNS, cost)))
        stream(figures, [contender for contender in contenders if contender.everything])
        # The kernel keeps the tracked connections of all namespaces in one table.
        for contender in contenders:
            contender.world.forget_connections()
        rules.measure(figures, programs, extremes=number == 0)


def note(figures, name, contenders, taken):
    """What each costs, and what that is more than connection tracking in the same turn, in the median."""
    base = contenders[0]
    for contender in contenders:
        costs = [costs[contender] for costs in taken]
        figures.add(f"{name}: {load.PROCESSES}", contender.name, statistics.median(costs))
    for contender in contenders[1:]:
        added = [costs[contender] - costs[base] for costs in taken]
        figures.add(f"{name}: added {load.PROCESSES}", contender.name, statistics.median(added))


def stream(figures, contenders):
    streams = {contender: load.stream(contender) for contender in contenders}
    base = streams[contenders[0]]
    for contender, (rate, processes) in streams.items():
        figures.add("one stream, Gbit/s", contender.name, rate)
        figures.add("one stream, share of connection tracking's Gbit/s", contender.name, rate / base[0])
        figures.add("one stream, CPU us of the processes per MB", contender.name, processes)
