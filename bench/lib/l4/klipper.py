"""ServiceLB's path: the CNI plugin `portmap` on the node, and klipper-lb's rules in the svclb pod."""

from .kubeproxy import cluster_ip
from .topology import PODS, PORT, SVCLB

CHAIN = "CNI-DN-5f1a0c6d2e9b4a7380c1d"
ID = 'dnat name: \\"cbr0\\" id: \\"svclb-s0\\"'
PROTOCOLS = ("tcp", "udp")
SET_MARK = "CNI-HOSTPORT-SETMARK"


def install(node, svclb):
    node.do("iptables-restore", "--noflush", text=portmap())
    svclb.do("sh", "-e", text=klipper_lb())


def portmap():
    """The rules of the plugin `portmap` with its defaults, for iptables-restore."""
    lines = [
        "*nat",
        ":CNI-HOSTPORT-DNAT - [0:0]", f":{SET_MARK} - [0:0]",
        ":CNI-HOSTPORT-MASQ - [0:0]", f":{CHAIN} - [0:0]",
        "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        '-I POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
        f'-A {SET_MARK} -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000',
        "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
    ]
    for protocol in PROTOCOLS:
        lines.append(
            f'-A CNI-HOSTPORT-DNAT -m comment --comment "{ID}"'
            f" -m multiport -p {protocol} --destination-ports {PORT} -j {CHAIN}"
        )
        port = f"-A {CHAIN} -p {protocol} --dport {PORT}"
        lines.append(f"{port} -s {PODS} -j {SET_MARK}")
        lines.append(f"{port} -s 127.0.0.1 -j {SET_MARK}")
        lines.append(f"{port} -j DNAT --to-destination {SVCLB}:{PORT}")
    return "\n".join([*lines, "COMMIT", ""])


def klipper_lb():
    """What klipper-lb runs at its start for each port: SRC_RANGES=0.0.0.0/0, externalTrafficPolicy
    Cluster."""
    address, lines = cluster_ip(0), []
    for protocol in PROTOCOLS:
        lines += [
            f"iptables -t filter -I FORWARD -s 0.0.0.0/0 -p {protocol} --dport {PORT} -j ACCEPT",
            f"iptables -t filter -A FORWARD -d {address}/32 -p {protocol} --dport {PORT} -j DROP",
            f"iptables -t nat -I PREROUTING -p {protocol} --dport {PORT} -j DNAT --to {address}:{PORT}",
            f"iptables -t nat -I POSTROUTING -d {address}/32 -p {protocol} -j MASQUERADE",
        ]
    return "\n".join(lines)
