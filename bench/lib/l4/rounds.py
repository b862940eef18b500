"""All contenders in turn, round after round."""

import os
import pathlib
import shutil
import signal
import sys

from ..kinglet import REPOSITORY
from ..table import Figures
from . import load, rules
from .contenders import all_of_them

TOOLS = ("conntrack", "haproxy", "ip", "iptables", "iptables-restore", "nft", "nsenter", "ss", "taskset")


class Programs:
    """The examples of kinglet-dataplane."""

    def __init__(self):
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        self.load, self.rules = (target / "release" / "examples" / name for name in ("l4_load", "l4_rules"))
        if not (self.load.exists() and self.rules.exists()):
            raise SystemExit(f"bench: {self.load} and l4_rules are needed: cargo build --release -p kinglet-dataplane --examples")
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing:
            raise SystemExit(f"bench: missing: {', '.join(missing)}: tests/tools/install bench")
        if os.geteuid() != 0:
            raise SystemExit("bench: l4 makes network namespaces: it needs root")


def run(options, folder):
    # Namespaces are removed when the benchmark is told to end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: told to end"))
    figures, programs = Figures("Kinglet"), Programs()
    with all_of_them(programs, folder) as contenders:
        for contender in contenders:
            contender.verify()
        measure(figures, contenders, programs, options.rounds)
        for contender in contenders:
            contender.verify()
    return figures


def measure(figures, contenders, programs, rounds):
    ports, plain = load.Ports(), contenders[0]
    for _ in range(rounds):
        for name in load.LOADS:
            costs = {}
            for contender in fit(contenders, name):
                costs[contender] = load.cost(contender, name, ports)
            note(figures, name, costs, plain)
        streams = {contender: load.stream(contender) for contender in contenders if contender.everything}
        for contender, (rate, processes) in streams.items():
            figures.add("one stream, Gbit/s", contender.name, rate)
            figures.add("one stream, share of plain routing's Gbit/s", contender.name, rate / streams[plain][0])
            figures.add("one stream, CPU us of the processes per MB", contender.name, processes)
        # The kernel keeps the tracked connections of all namespaces in one table.
        for contender in contenders:
            contender.world.forget_connections()
        rules.measure(figures, programs)


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
