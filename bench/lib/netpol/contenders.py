"""What is compared: the rules on each node, for as many policies as pods."""

import contextlib

from ..network import contender, load
from ..network.topology import topologies
from .cluster import Cluster
from .kuberouter import KubeRouter
from .sync import sync
from .topology import CLIENT, FORBIDDEN_PORT, POD, PORT, Topology

# Pods that a node runs at most, as Kubernetes recommends.
PODS_PER_NODE = 110
MOST_PODS = 5_000
# Pods in the cluster, and of them on the node.
KINGLET_SIZES = (
    (10, 10), (100, 100), (1_000, PODS_PER_NODE), (MOST_PODS, PODS_PER_NODE), (MOST_PODS, MOST_PODS),
)
KUBE_ROUTER_SIZES = ((10, 10), (100, 100), (1_000, PODS_PER_NODE))
# These get all loads, the others connections and new flows only.
KINGLET, KUBE_ROUTER = (MOST_PODS, PODS_PER_NODE), (1_000, PODS_PER_NODE)
CONNTRACK = (
    "add table inet t;"
    " add chain inet t c { type filter hook forward priority 0; ct state established,related accept; }"
)


class Contender(contender.Contender):
    """Rules; without `denies` they allow everything."""

    def __init__(self, name, topology, all_loads, denies=True):
        super().__init__(name, topology, f"{POD}:{PORT}", CLIENT, all_loads=all_loads)
        self.denies = denies

    def verify(self):
        """What the policies allow is answered, and what they forbid is refused."""
        super().verify()
        if load.is_refused(self, f"{POD}:{FORBIDDEN_PORT}") != self.denies:
            found = "answered" if self.denies else "refused"
            raise SystemExit(f"bench: {self.name}: what the policies forbid is {found}")


@contextlib.contextmanager
def contenders(programs, folder):
    """Makes all contenders, connection tracking alone first; removes their topologies in the end."""
    with topologies(Topology, programs, folder) as make:
        yield [
            conntrack(make("conntrack")),
            *(kinglet(make(f"kinglet-{pods}-{local}"), pods, local) for pods, local in KINGLET_SIZES),
            *(kube_router(make(f"kube-router-{pods}"), pods, local) for pods, local in KUBE_ROUTER_SIZES),
        ]


def conntrack(topology):
    """A node that tracks connections, and has no policies."""
    topology.node.do("nft", CONNTRACK)
    return Contender("conntrack alone", topology, all_loads=True, denies=False)


def kinglet(topology, pods, local):
    topology.node.do(topology.programs.rules, "load", pods, local)
    return Contender(named("Kinglet", pods, local), topology, (pods, local) == KINGLET)


def kube_router(topology, pods, local):
    sync(topology.node, KubeRouter(Cluster(topology.programs, pods, local)), "1")
    return Contender(named("kube-router", pods, local), topology, (pods, local) == KUBE_ROUTER)


def named(name, pods, local):
    if local < pods:
        return f"{name}, {pods:,}, {local:,} on the node"
    return f"{name}, {pods:,}, all on the node" if pods > PODS_PER_NODE else f"{name}, {pods:,}"
