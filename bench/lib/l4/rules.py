"""The first sync of many Services, and changes among them, on a node of its own."""

import json
import os
import statistics

from .world import POD, POD_PORT, Namespace

SERVICES = 10_000
CHANGES = 200
KINDS = (
    "endpoint replaced", "endpoint more", "endpoint less", "Service new", "Service deleted",
    "endpoint for UDP replaced", "and its connections forgotten",
)


def measure(figures, programs):
    """One first sync, and CHANGES changes of each kind."""
    node = Namespace(f"kinglet-l4-{os.getpid()}-rules")
    try:
        node.create()
        report = json.loads(node.do(programs.rules, "change", SERVICES, f"{POD}:{POD_PORT}", CHANGES))
    finally:
        node.delete()
    first = f"first sync of {SERVICES:,} Services x 3 endpoints"
    for clock in ("wall", "cpu"):
        parts = {part: costs[clock] for part, costs in report["first"].items()}
        figures.add(f"{first}, {clock} ms", "Kinglet", sum(parts.values()))
        for part, value in parts.items():
            figures.add(f"{first}, {clock} ms", f"of it {part}", value)
    for change in KINDS:
        costs = report["changes"][change]
        figures.add(f"change among {SERVICES:,} Services, wall ms, median of {CHANGES}", change, statistics.median(costs["wall"]))
        figures.add(f"change among {SERVICES:,} Services, wall ms, p99", change, statistics.quantiles(costs["wall"], n=100)[98])
        figures.add(f"change among {SERVICES:,} Services, cpu ms, mean", change, statistics.mean(costs["cpu"]))
