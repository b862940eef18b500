"""What is compared: rules, or a proxy, on the node of a topology of its own."""

from . import load


class Contender:
    """A way from the client to the pod.

    `address` is where clients connect to, and `client` the address that the pod must see as theirs.
    `protocols` are those that it carries; without `all_loads` some loads are left out, because they would say
    nothing new.
    """

    def __init__(self, name, topology, address, client, protocols=("tcp", "udp"), all_loads=True):
        self.name, self.topology, self.address, self.client = name, topology, address, client
        self.protocols, self.all_loads = protocols, all_loads

    def verify(self):
        """The pod answers, and sees the right client address: that shows which way the packets took."""
        for protocol in self.protocols:
            client = load.client_address(self, protocol)
            if client != self.client:
                seen = f"the pod sees {client}, not {self.client}"
                raise SystemExit(f"bench: {self.name}: over {protocol} {seen}")
