"""How long Kinglet's rules of many Services take: the first sync, and changes, on a node without traffic."""

import json

from ..network.changes import add_changes, add_first_sync
from ..network.namespace import Namespace
from .topology import POD, POD_PORT, Topology

SERVICES = 10_000
CHANGES = 200
# Kinds of changes in the report of the example l4_rules, and their names in the output.
LABELS = {
    "endpoint replaced": "endpoint replaced",
    "endpoint more": "endpoint added",
    "endpoint less": "endpoint removed",
    "Service new": "Service added",
    "Service deleted": "Service removed",
    "endpoint for UDP replaced": "endpoint of a UDP port replaced",
    "and its connections forgotten": "then its tracked connections deleted",
}


def measure(figures, programs):
    """One first sync, and CHANGES changes of each kind."""
    with Namespace(Topology.benchmark, "rules") as node:
        report = json.loads(node.do(programs.rules, "change", SERVICES, f"{POD}:{POD_PORT}", CHANGES))
    add_first_sync(figures, f"{SERVICES:,} Services x 3 endpoints", report)
    add_changes(figures, f"{SERVICES:,} Services", report, LABELS)
