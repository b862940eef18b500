"""How long rules take: the first sync of a cluster, and changes, each on a node without traffic."""

import json

from ..network.changes import add_changes, add_first_sync
from ..network.namespace import Namespace
from .cluster import Cluster
from .contenders import KINGLET, KUBE_ROUTER, MOST_PODS, PODS_PER_NODE, named
from .kuberouter import KubeRouter
from .sync import sync
from .topology import Topology

CHANGES = 200
# Fewer where one node runs all pods: each change takes long there.
CHANGES_ON_ONE_NODE = 40
# Policies that select one pod.
POLICIES_OF_ONE_POD = 1_000
# Kinds of changes in the report of the example netpol_rules, and their names in the output.
LABELS = {
    "pod new": "pod new",
    "pod deleted": "pod deleted",
    "pod of the node new": "pod of the node new",
    "pod of the node deleted": "pod of the node deleted",
    "policy changed": "policy changed",
    "and its rules before swept": "then its old rules removed",
    "and tracked connections listed": "then tracked connections listed",
    "rules compared": "rules compared",
    "policy new": "policy new",
    "policy deleted": "policy deleted",
    "namespace's labels changed": "namespace's labels changed",
}


def measure(figures, programs, with_slowest):
    """One first sync, and changes of each kind.

    `with_slowest` adds what takes long: a node that runs all pods, and kube-router with as many policies as
    Kinglet.
    """
    kinglet(figures, programs, PODS_PER_NODE, CHANGES)
    of_one_pod(figures, programs, POLICIES_OF_ONE_POD)
    kube_router(figures, programs, *KUBE_ROUTER)
    if with_slowest:
        kinglet(figures, programs, MOST_PODS, CHANGES_ON_ONE_NODE)
        kube_router(figures, programs, *KINGLET)


def kinglet(figures, programs, local, count):
    with Namespace(Topology.benchmark, "rules") as node:
        report = json.loads(node.do(programs.rules, "change", MOST_PODS, local, count))
    what = named("pods and policies", MOST_PODS, local)
    add_first_sync(figures, what, report)
    add_changes(figures, what, report, LABELS)
    for when, memory in report["memory"].items():
        figures.add(f"{what}: RSS, MiB", when, memory["now"])


def of_one_pod(figures, programs, count):
    """Many policies that select the same pod: all of them, and one more."""
    with Namespace(Topology.benchmark, "rules") as node:
        report = json.loads(node.do(programs.rules, "many", count))
    what = f"{count:,} policies of one pod"
    for clock in ("wall", "cpu"):
        for name, costs in report["all"].items():
            figures.add(f"{what}, {clock} ms", name, costs[clock])
    add_changes(figures, what, report, {name: name for name in report["changes"]})


def kube_router(figures, programs, pods, local):
    measure_name = f"{named('kube-router', pods, local)}, wall ms"
    with Namespace(Topology.benchmark, "rules") as node:
        rules = KubeRouter(Cluster(programs, pods, local))
        # The second sync finds the rules and sets of the first one, as after every change.
        for version, when in (("1", "first sync"), ("2", "change")):
            took = sync(node, rules, version)
            figures.add(measure_name, when, sum(took.values()) * 1000)
            for program, seconds in took.items():
                figures.add(measure_name, f"{when}, of it {program}", seconds * 1000)
