"""Several servers under the same load, in turn."""

import collections

from .figures import Figures
from .process import until

START_SECONDS = 60

# A server under test: its process, and the port that the load goes to.
Server = collections.namedtuple("Server", "process port")


def measure(servers, rounds, check, load, unit):
    """CPU time and the load generator's figures of each server by name.

    `check(port)` tells whether a server gives the right answers. `load(port)` loads it for some seconds; it
    returns how many requests were answered, and figures by measure.
    """
    figures = Figures("Kinglet")
    for program, server in servers.items():
        until(lambda: check(server.port), START_SECONDS, f"{program} gives the right answers")
        # Warm-up: caches, connection pools and the memory of the server grow now, not in the first round.
        load(server.port)
    for _ in range(rounds):
        # In turn (A B A B): what else the machine does for a while meets all of them alike.
        for program, server in servers.items():
            before = server.process.cpu_seconds()
            count, measured = load(server.port)
            spent = server.process.cpu_seconds() - before
            figures.add(f"CPU us per {unit}", program, spent / count * 1e6)
            for measure_name, value in measured.items():
                figures.add(measure_name, program, value)
    for program, server in servers.items():
        figures.add("RSS MiB after load", program, server.process.rss_mib())
    return figures
