"""All contenders in turn, round after round."""

import statistics

from ..network import load
from ..network.programs import Programs
from ..network.rounds import turns, verified
from ..table import Figures
from . import rules
from .contenders import all_of_them

# Streams of each contender in a round.
STREAMS = 6
TOOLS = ("conntrack", "haproxy", "ip", "iptables", "iptables-restore", "nft", "nsenter", "ss", "taskset")


def run(options, folder):
    figures, programs = Figures("Kinglet"), Programs("l4_rules", "kinglet-dataplane", TOOLS)
    with verified(all_of_them(programs, folder)) as contenders:
        measure(figures, contenders, programs, options.rounds)
    return figures


def measure(figures, contenders, programs, rounds):
    ports, plain = load.Ports(), contenders[0]
    for _ in range(rounds):
        for name in load.LOADS:
            costs = {}
            for contender in fit(contenders, name):
                costs[contender] = load.cost(contender, name, ports)
            note(figures, name, costs, plain)
        streams(figures, [contender for contender in contenders if contender.everything], plain)
        # The kernel keeps the tracked connections of all namespaces in one table.
        for contender in contenders:
            contender.world.forget_connections()
        rules.measure(figures, programs)


def streams(figures, contenders, plain):
    """The medians of some turns."""
    taken = list(turns(contenders, STREAMS, load.stream))
    rates, processes = (
        {contender: statistics.median(turn[contender][part] for turn in taken) for contender in contenders} for part in (0, 1)
    )
    for contender in contenders:
        figures.add("one stream, Gbit/s", contender.name, rates[contender])
        figures.add("one stream, share of plain routing's Gbit/s", contender.name, rates[contender] / rates[plain])
        figures.add("one stream, CPU us of the processes per MB", contender.name, processes[contender])


def fit(contenders, name):
    """Those that take this load."""
    if name.startswith("TCP"):
        return contenders
    return [contender for contender in contenders if contender.everything and "udp" in contender.protocols]


def note(figures, name, costs, plain):
    """What each costs, and what that is more than plain routing."""
    for contender, (values, idle) in costs.items():
        figures.add("cores busy with something else", "all", idle)
        for kind, value in values.items():
            figures.add(f"{name}: {kind}", contender.name, value)
    for contender, (values, _) in costs.items():
        for kind, value in values.items():
            if contender is not plain and kind in costs[plain][0]:
                figures.add(f"{name}: added {kind}", contender.name, value - costs[plain][0][kind])
