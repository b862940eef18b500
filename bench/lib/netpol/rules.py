"""The first sync of a cluster, and changes in it, each on a node of its own."""

import json

from ..network.changes import note_changes, note_first
from ..network.namespace import Namespace
from .cluster import Cluster
from .contenders import KUBE_ROUTER, MOST, NODE, named
from .kuberouter import KubeRouter
from .sync import sync
from .world import World

CHANGES = 200
# The extreme takes long, and no node runs so many pods.
CHANGES_ON_ONE_NODE = 40
KINDS = (
    "pod new", "pod deleted", "pod of the node new", "pod of the node deleted", "policy changed",
    "and its rules before swept", "and tracked connections listed", "policy new", "policy deleted", "namespace's labels changed",
)


def measure(figures, programs, extreme):
    """One first sync, and changes of each kind: of a node, and of a node that runs all pods if the `extreme` is wanted."""
    kinglet(figures, programs, NODE, CHANGES)
    if extreme:
        kinglet(figures, programs, MOST, CHANGES_ON_ONE_NODE)
    kube_router(figures, programs)


def kinglet(figures, programs, local, count):
    with Namespace(World.benchmark, "rules") as node:
        report = json.loads(node.do(programs.rules, "change", MOST, local, count))
    what = named("pods and policies", MOST, local)
    note_first(figures, what, report)
    note_changes(figures, what, report, KINDS)
    for when, memory in report["memory"].items():
        figures.add(f"{what}: RSS, MiB", when, memory["now"])


def kube_router(figures, programs):
    """The second sync is one after a change."""
    with Namespace(World.benchmark, "rules") as node:
        rules = KubeRouter(Cluster(programs, *KUBE_ROUTER))
        for version, when in (("1", "first sync"), ("2", "change")):
            writes, everything = sync(node, rules, version)
            what = named("kube-router", *KUBE_ROUTER)
            figures.add(f"{what}, wall ms", f"{when}: restoring sets and rules", writes * 1000)
            figures.add(f"{what}, wall ms", f"{when}: reading them, too", everything * 1000)
