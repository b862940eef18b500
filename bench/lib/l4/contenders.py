"""What is compared: the rules or the proxy on each node, and the address that clients use."""

import contextlib

from .. import haproxy
from ..network.contender import Contender
from ..network.topology import topologies
from ..process import until
from . import klipper, kubeproxy
from .topology import CLIENT, GATEWAY, NODE, POD, POD_PORT, PORT, SVCLB, Topology

# The number of Services where no other is named: only these contenders get all loads.
FEW = 10
KINGLET_SIZES = (FEW, 100, 1_000, 10_000)
KLIPPER_SIZES = (FEW, 1_000)
CONNTRACK = (
    "add table inet t;"
    " add chain inet t c { type filter hook forward priority 0; ct state invalid drop; }"
)


@contextlib.contextmanager
def contenders(programs, folder):
    """Makes all contenders, plain routing first; removes their topologies in the end."""
    with topologies(Topology, programs, folder) as make:
        yield [
            plain(make("plain")),
            *(kinglet(make(f"kinglet-{services}"), services) for services in KINGLET_SIZES),
            *(klipper_lb(make(f"klipper-{services}", svclb=True), services) for services in KLIPPER_SIZES),
            kube_proxy(make("kube-proxy")),
            haproxy_tcp(make("haproxy"), folder),
            conntrack(make("conntrack")),
        ]


def plain(topology):
    """Clients connect to the pod itself."""
    return Contender("plain", topology, f"{POD}:{POD_PORT}", CLIENT)


def conntrack(topology):
    """The same on a node that tracks connections and looks at nothing else: no translation can cost less."""
    topology.node.do("nft", CONNTRACK)
    return Contender("conntrack alone", topology, f"{POD}:{POD_PORT}", CLIENT)


def kinglet(topology, services):
    topology.node.do(topology.programs.rules, "load", services, f"{POD}:{POD_PORT}")
    return balanced(named("Kinglet", services), topology, CLIENT, services == FEW)


def klipper_lb(topology, services):
    kubeproxy.install(topology.node, services, published=False)
    # After kube-proxy's rules: on a real node, too, its jumps stand before those of host ports.
    klipper.install(topology.node, topology.svclb)
    return balanced(named("klipper-lb", services), topology, SVCLB, services == FEW)


def kube_proxy(topology):
    """The node's address is in the Service's status, so kube-proxy takes packets before klipper-lb can."""
    kubeproxy.install(topology.node, FEW, published=True)
    return balanced("kube-proxy", topology, GATEWAY)


def haproxy_tcp(topology, folder):
    configuration = folder / "haproxy-l4.cfg"
    listener = f"listen web\n  bind {NODE}:{PORT}\n  server one {POD}:{POD_PORT}\n"
    configuration.write_text(haproxy.configuration("  mode tcp\n", listener))
    topology.start(topology.node, "haproxy", "-f", configuration, "-db")
    until(lambda: f"{NODE}:{PORT} " in topology.node.do("ss", "-Hltn"), 10, "HAProxy listens")
    return Contender("HAProxy", topology, f"{NODE}:{PORT}", GATEWAY, protocols=("tcp",))


def balanced(name, topology, client, all_loads=True):
    """Clients connect to the load balancer's port of the node."""
    return Contender(name, topology, f"{NODE}:{PORT}", client, all_loads=all_loads)


def named(name, services):
    return name if services == FEW else f"{name}, {services:,} Services"
