"""All contenders in turn, round after round."""

import statistics

from ..figures import Figures
from ..network import load
from ..network.programs import Programs
from ..network.rounds import add_stream, turns, verified
from . import rules
from .contenders import contenders

# One stream is less steady than many connections, so a round takes the median of several.
STREAMS = 6
TOOLS = ("conntrack", "haproxy", "ip", "iptables", "iptables-restore", "nft", "nsenter", "ss", "taskset")


def run(options, folder):
    figures, programs = Figures("Kinglet"), Programs("l4_rules", "kinglet-dataplane-agent", TOOLS)
    with verified(contenders(programs, folder)) as made:
        ports = load.Ports()
        for _ in range(options.rounds):
            measure_round(figures, made, ports)
            rules.measure(figures, programs)
    return figures


def measure_round(figures, made, ports):
    plain = made[0]
    for name in load.LOADS:
        costs = {contender: load.cost(contender, name, ports) for contender in takers(made, name)}
        add_costs(figures, name, costs, plain)
    add_streams(figures, [contender for contender in made if contender.all_loads], plain)
    # The kernel keeps the tracked connections of all namespaces in one table, which `rules` lists.
    for contender in made:
        contender.topology.flush_conntrack()


def takers(made, name):
    """The contenders that take this load."""
    if name.startswith("TCP"):
        return made
    return [contender for contender in made if contender.all_loads and "udp" in contender.protocols]


def add_costs(figures, name, costs, plain):
    """What each contender costs, and how much that is more than plain routing in the same round."""
    for contender, (values, idle) in costs.items():
        figures.add("cores busy with something else", "all", idle)
        for kind, value in values.items():
            figures.add(f"{name}: {kind}", contender.name, value)
    plain_values = costs[plain][0]
    for contender, (values, _) in costs.items():
        for kind, value in values.items():
            # The busy time of the machine is missing where the machine was not quiet.
            if contender is not plain and kind in plain_values:
                figures.add(f"{name}: added {kind}", contender.name, value - plain_values[kind])


def add_streams(figures, made, plain):
    """The medians of several streams of each contender."""
    taken = list(turns(made, STREAMS, load.stream))

    def median(contender, part):
        return statistics.median(turn[contender][part] for turn in taken)

    plain_rate = median(plain, 0)
    for contender in made:
        rate, processes = median(contender, 0), median(contender, 1)
        add_stream(figures, contender, rate, "plain routing", plain_rate, processes)
