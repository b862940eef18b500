"""What is compared: each has a world of its own, with rules on the node for as many pods as policies."""

import contextlib

from ..network import load
from .cluster import Cluster
from .kuberouter import KubeRouter
from .sync import sync
from .world import CLIENT, FORBIDDEN_PORT, POD, PORT, World

# Pods that a node runs: what Kubernetes recommends at most.
NODE = 110
MOST = 5_000
KINGLET_SIZES = ((10, 10), (100, 100), (1_000, NODE), (MOST, NODE), (MOST, MOST))
KUBE_ROUTER_SIZES = ((10, 10), (100, 100), (1_000, NODE))
# These get all loads, the others connections and new flows only.
KINGLET, KUBE_ROUTER = (MOST, NODE), (1_000, NODE)


class Contender:
    """Rules, and the address that the policies allow."""

    address = f"{POD}:{PORT}"
    forbidden = f"{POD}:{FORBIDDEN_PORT}"

    def __init__(self, name, world, denies=True, everything=False):
        self.name, self.world, self.denies, self.everything = name, world, denies, everything

    def verify(self):
        """What the policies allow is answered, and what they do not allow is refused."""
        for protocol in ("tcp", "udp"):
            client = load.seen(self, protocol)
            if client != CLIENT:
                raise SystemExit(f"bench: {self.name}: over {protocol} the pod sees {client}, not {CLIENT}")
        if load.is_refused(self, self.forbidden) != self.denies:
            raise SystemExit(f"bench: {self.name}: what policies forbid is {'answered' if self.denies else 'refused'}")


@contextlib.contextmanager
def all_of_them(programs, folder):
    """Makes all contenders; removes their worlds in the end, whatever happens."""
    with contextlib.ExitStack() as stack:

        def world(name):
            made = World(name, programs, folder)
            stack.callback(made.close)
            made.create()
            return made

        yield [
            conntrack(world("conntrack")),
            *(kinglet(world(f"kinglet-{pods}-{local}"), pods, local) for pods, local in KINGLET_SIZES),
            *(kube_router(world(f"kube-router-{pods}"), pods, local) for pods, local in KUBE_ROUTER_SIZES),
        ]


def conntrack(world):
    """A node that tracks connections, and has no policies."""
    world.node.do("nft", "add table inet t; add chain inet t c { type filter hook forward priority 0; ct state established,related accept; }")
    return Contender("conntrack alone", world, denies=False, everything=True)


def kinglet(world, pods, local):
    world.node.do(world.programs.rules, "load", pods, local)
    return Contender(named("Kinglet", pods, local), world, everything=(pods, local) == KINGLET)


def kube_router(world, pods, local):
    sync(world.node, KubeRouter(Cluster(world.programs, pods, local)), "1")
    return Contender(named("kube-router", pods, local), world, everything=(pods, local) == KUBE_ROUTER)


def named(name, pods, local):
    where = f", {local:,} on the node" if local < pods else ", all on the node" if pods > NODE else ""
    return f"{name}, {pods:,}{where}"
