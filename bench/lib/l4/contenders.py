"""What is compared: each has a world of its own, with rules or a proxy on the node, and the address that clients use."""

import contextlib

from ..network import load
from ..process import until
from . import klipper, kubeproxy
from .world import CLIENT, GATEWAY, NODE, POD, POD_PORT, PORT, SVCLB, World

FEW = 10
KINGLET_SIZES = (FEW, 100, 1_000, 10_000)
KLIPPER_SIZES = (FEW, 1_000)


class Contender:
    """A way to the pod. `protocols` are those that it carries; `everything` is whether all loads are put on it, or connections only."""

    def __init__(self, name, world, address, client, protocols=("tcp", "udp"), everything=True):
        self.name, self.world, self.address = name, world, address
        self.client, self.protocols, self.everything = client, protocols, everything

    def verify(self):
        """The pod answers, and sees whom it must see: that tells which way packets took."""
        for protocol in self.protocols:
            client = load.seen(self, protocol)
            if client != self.client:
                raise SystemExit(f"bench: {self.name}: over {protocol} the pod sees {client}, not {self.client}")


@contextlib.contextmanager
def all_of_them(programs, folder):
    """Makes all contenders; removes their worlds in the end, whatever happens."""
    with contextlib.ExitStack() as stack:

        def world(name, svclb=False):
            made = World(name, programs, folder)
            stack.callback(made.close)
            made.create(svclb)
            return made

        yield [
            plain(world("plain")),
            *(kinglet(world(f"kinglet-{services}"), services) for services in KINGLET_SIZES),
            *(servicelb(world(f"klipper-{services}", svclb=True), services) for services in KLIPPER_SIZES),
            kube_proxy(world("kube-proxy")),
            haproxy(world("haproxy"), folder),
            conntrack(world("conntrack")),
        ]


def plain(world):
    """Clients connect to the pod itself."""
    return Contender("plain", world, f"{POD}:{POD_PORT}", CLIENT)


def conntrack(world):
    """The same on a node that tracks connections, and looks at nothing else: the least that any translation costs."""
    world.node.do("nft", "add table inet t; add chain inet t c { type filter hook forward priority 0; ct state invalid drop; }")
    return Contender("conntrack alone", world, f"{POD}:{POD_PORT}", CLIENT)


def kinglet(world, services):
    world.node.do(world.programs.rules, "load", services, f"{POD}:{POD_PORT}")
    return Contender(named("Kinglet", services), world, f"{NODE}:{PORT}", CLIENT, everything=services == FEW)


def servicelb(world, services):
    kubeproxy.install(world.node, services, published=False)
    klipper.install(world.node, world.svclb)
    return Contender(named("klipper-lb", services), world, f"{NODE}:{PORT}", SVCLB, everything=services == FEW)


def kube_proxy(world):
    """Where the node's address is in the Service's status and packets come with it, kube-proxy takes them before klipper-lb can."""
    kubeproxy.install(world.node, FEW, published=True)
    return Contender("kube-proxy", world, f"{NODE}:{PORT}", GATEWAY)


def haproxy(world, folder):
    configuration = folder / "haproxy-l4.cfg"
    configuration.write_text(
        "global\n  nbthread 1\n  maxconn 4096\ndefaults\n  mode tcp\n"
        "  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n"
        f"listen web\n  bind {NODE}:{PORT}\n  server one {POD}:{POD_PORT}\n"
    )
    world.start(world.node, "haproxy", "-f", configuration, "-db")
    until(lambda: f"{NODE}:{PORT} " in world.node.do("ss", "-Hltn"), 10, "HAProxy listens")
    return Contender("HAProxy", world, f"{NODE}:{PORT}", GATEWAY, protocols=("tcp",))


def named(name, services):
    return name if services == FEW else f"{name}, {services:,} Services"
