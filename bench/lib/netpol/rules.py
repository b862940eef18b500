"""The first sync of a cluster, and changes in it, each on a node of its own."""

import json

from ..network.changes import note_changes, note_first
from ..network.namespace import Namespace
from .cluster import Cluster
from .contenders import KINGLET, KUBE_ROUTER, MOST, NODE, named
from .kuberouter import KubeRouter
from .sync import sync
from .world import World

CHANGES = 200
# The extreme takes long, and no node runs so many pods.
CHANGES_ON_ONE_NODE = 40
KINDS = (
    "pod new", "pod deleted", "pod of the node new", "pod of the node deleted", "policy changed",
    "and its rules before swept", "and tracked connections listed", "rules compared", "policy new", "policy deleted",
    "namespace's labels changed",
)


def measure(figures, programs, extremes):
    """One first sync, and changes of each kind. What takes long is measured if `extremes` are wanted: a node that runs all pods, and kube-router
    with as many policies as Kinglet."""
    kinglet(figures, programs, NODE, CHANGES)
    kube_router(figures, programs, *KUBE_ROUTER)
    if extremes:
        kinglet(figures, programs, MOST, CHANGES_ON_ONE_NODE)
        kube_router(figures, programs, *KINGLET)


def kinglet(figures, programs, local, count):
    with Namespace(World.benchmark, "rules") as node:
        report = json.loads(node.do(programs.rules, "change", MOST, local, count))
    what = named("pods and policies", MOST, local)
    note_first(figures, what, report)
    note_changes(figures, what, report, KINDS)
    for when, memory in report["memory"].items():
        figures.add(f"{what}: RSS, MiB", when, memory["now"])


def kube_router(figures, programs, pods, local):
    """The second sync is one after a change."""
    what = f"{named('kube-router', pods, local)}, wall ms"
    with Namespace(World.benchmark, "rules") as node:
        rules = KubeRouter(Cluster(programs, pods, local))
        for version, when in (("1", "first sync"), ("2", "change")):
            took = sync(node, rules, version)
            figures.add(what, when, sum(took.values()) * 1000)
            for program, seconds in took.items():
                figures.add(what, f"{when}, of it {program}", seconds * 1000)
