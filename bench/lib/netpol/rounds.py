"""All contenders in turn, round after round."""

import statistics

from ..figures import Figures
from ..network import cpu, load
from ..network.programs import Programs
from ..network.rounds import add_stream, turns, verified
from . import rules
from .contenders import KINGLET, contenders, named

TOOLS = ("conntrack", "ip", "ipset", "iptables", "iptables-restore", "nft", "nsenter", "ss", "taskset")
# Many short turns instead of one long one: the differences are so small that a busy second would hide them.
TURNS = 6
# Connections, flows or round trips in each turn.
LOADS = {"TCP connection": 2_500, "new UDP flow": 2_500, "UDP round trip": 12_500}
# It has no first packets, where policies cost most, so only the contenders of all loads get it.
ESTABLISHED = "UDP round trip"


def run(options, folder):
    figures = Figures(named("Kinglet", *KINGLET))
    programs = Programs("netpol_rules", "kinglet-policy", TOOLS)
    with verified(contenders(programs, folder)) as made:
        ports = load.Ports()
        for number in range(options.rounds):
            measure_round(figures, made, ports)
            rules.measure(figures, programs, with_slowest=number == 0)
    return figures


def measure_round(figures, made, ports):
    figures.add("cores busy with something else", "all", cpu.background())
    for name, count in LOADS.items():
        takers = [contender for contender in made if name != ESTABLISHED or contender.all_loads]

        def cost(contender):
            return load.cost_of_processes(contender, name, ports, count)

        add_costs(figures, name, takers, list(turns(takers, TURNS, cost)))
    add_streams(figures, [contender for contender in made if contender.all_loads])
    # The kernel keeps the tracked connections of all namespaces in one table, which `rules` lists.
    for contender in made:
        contender.topology.flush_conntrack()


def add_costs(figures, name, made, taken):
    """The medians of what each contender costs, and of what it adds to connection tracking alone."""
    base = made[0]
    for contender in made:
        costs = [costs[contender] for costs in taken]
        figures.add(f"{name}: {load.PROCESSES}", contender.name, statistics.median(costs))
    for contender in made[1:]:
        added = [costs[contender] - costs[base] for costs in taken]
        figures.add(f"{name}: added {load.PROCESSES}", contender.name, statistics.median(added))


def add_streams(figures, made):
    streams = {contender: load.stream(contender) for contender in made}
    base_rate, _ = streams[made[0]]
    for contender, (rate, processes) in streams.items():
        add_stream(figures, contender, rate, "connection tracking", base_rate, processes)
