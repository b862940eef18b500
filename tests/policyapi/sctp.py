#!/usr/bin/env python3
"""`agnhost porter` and `agnhost connect --protocol=sctp` for kernels without SCTP.

Both ends send what begins an association, INIT and INIT ACK (RFC 9260, 5.1), through raw sockets. To the
rules of a node these are SCTP packets like any others.
"""

import os
import random
import socket
import struct
import sys
import time

SCTP = 132
INIT, INIT_ACK = 1, 2
COOKIE = struct.pack("!HHL", 7, 8, 0)


def table():
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)
        yield number


TABLE = list(table())


def checksum(octets):
    """CRC32c (RFC 9260, appendix A), in the order in which it is sent."""
    value = 0xFFFFFFFF
    for octet in octets:
        value = TABLE[(value ^ octet) & 0xFF] ^ (value >> 8)
    return struct.pack("<L", value ^ 0xFFFFFFFF)


def packet(source, destination, tag, kind, own_tag):
    parameters = COOKIE if kind == INIT_ACK else b""
    chunk = struct.pack("!BBHLLHHL", kind, 0, 20 + len(parameters), own_tag, 65536, 1, 1, 1) + parameters
    ports = struct.pack("!HHL", source, destination, tag)
    return ports + checksum(ports + bytes(4) + chunk) + chunk


def parsed(octets, family):
    """Ports, tag, kind of the first chunk, and its own tag."""
    if family == socket.AF_INET:
        octets = octets[(octets[0] & 15) * 4 :]
    if len(octets) < 32:
        return None
    source, destination, tag = struct.unpack("!HHL", octets[:8])
    return source, destination, tag, octets[12], struct.unpack("!L", octets[16:20])[0]


def serve(port):
    families = [socket.AF_INET, socket.AF_INET6]
    for family in families[1:]:
        if os.fork() == 0:
            families = [family]
            break
    family = families[0]
    raw = socket.socket(family, socket.SOCK_RAW, SCTP)
    while True:
        octets, sender = raw.recvfrom(2048)
        one = parsed(octets, family)
        if one and one[1] == port and one[3] == INIT:
            raw.sendto(packet(port, one[0], one[4], INIT_ACK, 1), (sender[0], 0))


def connect(host, port, seconds):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    raw = socket.socket(family, socket.SOCK_RAW, SCTP)
    raw.connect((host, 0))
    own, tag = random.randrange(32768, 60000), random.randrange(1, 2**32)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        raw.send(packet(own, port, 0, INIT, tag))
        again = time.monotonic() + 0.5
        while (left := min(again, end) - time.monotonic()) > 0:
            raw.settimeout(left)
            try:
                one = parsed(raw.recv(2048), family)
            except socket.timeout:
                break
            except OSError as error:
                sys.exit(f"REFUSED: {error}")
            if one and one[:4] == (port, own, tag, INIT_ACK):
                return
    sys.exit("TIMEOUT")


def main(arguments):
    if arguments[0] == "porter":
        prefix = "SERVE_SCTP_PORT_"
        serve(next(int(name[len(prefix) :]) for name in os.environ if name.startswith(prefix)))
    seconds = next(one for one in arguments if one.startswith("--timeout="))
    host, port = arguments[-1].rsplit(":", 1)
    connect(host.strip("[]"), int(port), float(seconds[len("--timeout=") : -1]))


main(sys.argv[1:])
