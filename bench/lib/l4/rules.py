"""The first sync of many Services, and changes among them, on a node of its own."""

import json

from ..network.changes import note_changes, note_first
from ..network.namespace import Namespace
from .world import POD, POD_PORT, World

SERVICES = 10_000
CHANGES = 200
KINDS = (
    "endpoint replaced", "endpoint more", "endpoint less", "Service new", "Service deleted",
    "endpoint for UDP replaced", "and its connections forgotten",
)


def measure(figures, programs):
    """One first sync, and CHANGES changes of each kind."""
    with Namespace(World.benchmark, "rules") as node:
        report = json.loads(node.do(programs.rules, "change", SERVICES, f"{POD}:{POD_PORT}", CHANGES))
    note_first(figures, f"{SERVICES:,} Services x 3 endpoints", report)
    note_changes(figures, f"{SERVICES:,} Services", report, KINDS)
