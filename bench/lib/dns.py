"""DNS: queries for 10,000 Service names, one in five for a name that does not exist; against Knot DNS."""

import contextlib
import random
import re
import socket
import struct
import time

from . import objects
from .kinglet import Kinglet
from .process import LOAD_CORE, SERVER_CORE, Process, free_port, run_on
from .servers import Server, measure

NAMES = 10_000
QUERIES = 50_000
SECONDS = 5
NXDOMAIN = 3


def run(options, folder):
    queries = folder / "queries"
    write_queries(queries)
    with contextlib.ExitStack() as stack:
        servers = {
            "Kinglet": start_kinglet(stack, options.kinglet, folder),
            "Knot": start_knot(stack, folder),
        }
        return measure(servers, options.rounds, answers, lambda port: load(port, queries), "query")


def service_name(number):
    return f"svc-{number:05}.{objects.NAMESPACE}.svc.cluster.local"


def address(number):
    return f"10.43.{16 + number // 250}.{1 + number % 250}"


def write_queries(path):
    """The same queries in every run: other names would take other cache lines."""
    random.seed(7)
    with open(path, "w") as file:
        for _ in range(QUERIES):
            number = random.randrange(NAMES)
            name = service_name(number) if random.random() < 0.8 else f"no-{number}.bench.svc.cluster.local"
            file.write(f"{name} A\n")


def ask(port, name):
    """One A query: the response code, and the first address if there is one."""
    query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0)
    query += b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query += struct.pack("!BHH", 0, 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.sendto(query, ("127.0.0.1", port))
        answer = client.recv(4096)
    code, count = answer[3] & 15, struct.unpack("!H", answer[6:8])[0]
    # The answer repeats the question; its first record has 12 octets before the address.
    return code, socket.inet_ntoa(answer[len(query) + 12:len(query) + 16]) if count else None


def answers(port):
    """Whether the server knows the last Service, which was created last, and denies an unknown name."""
    known = ask(port, service_name(NAMES - 1)) == (0, address(NAMES - 1))
    return known and ask(port, "nobody.bench.svc.cluster.local")[0] == NXDOMAIN


def start_kinglet(stack, program, folder):
    kinglet = stack.enter_context(Kinglet(program, folder))
    kinglet.create([objects.namespace()])
    began = time.monotonic()
    kinglet.create(objects.service(f"svc-{number:05}", address(number)) for number in range(NAMES))
    print(f"kinglet: {NAMES} Services created in {time.monotonic() - began:.1f} s", flush=True)
    return Server(kinglet.process, kinglet.ports["dns"])


def start_knot(stack, folder):
    """Knot DNS with the same records in a zone file."""
    port = free_port(socket.SOCK_DGRAM)
    with open(folder / "zone", "w") as zone:
        zone.write("$ORIGIN cluster.local.\n@ 5 SOA ns.dns hostmaster 1 7200 1800 86400 5\n")
        zone.write("@ 5 NS ns.dns\nns.dns 5 A 127.0.0.1\n")
        zone.writelines(f"svc-{number:05}.bench.svc 5 A {address(number)}\n" for number in range(NAMES))
    (folder / "knot.conf").write_text(
        f"server:\n  listen: 127.0.0.1@{port}\n  rundir: {folder}\n"
        # One worker, for the one core.
        "  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
        f"database:\n  storage: {folder}\nlog:\n  - target: stderr\n    any: error\n"
        f"zone:\n  - domain: cluster.local\n    file: {folder}/zone\n"
    )
    process = Process(["knotd", "-c", folder / "knot.conf"], SERVER_CORE, folder / "knot.log")
    return Server(stack.enter_context(process), port)


def load(port, queries):
    """Sends queries as fast as the server answers them."""
    output = run_on(LOAD_CORE, [
        "dnsperf", "-s", "127.0.0.1", "-p", port, "-d", queries, "-l", SECONDS, "-c", "16", "-q", "200",
    ])

    def value(pattern):
        return float(re.search(pattern, output).group(1))

    lost, completed = value(r"Queries lost:\s+(\d+)"), value(r"Queries completed:\s+(\d+)")
    # dnsperf waits for lost queries, so a server that loses many would seem to be slow instead of overloaded.
    if lost > completed / 1000:
        raise SystemExit(f"bench: {lost:.0f} of {completed:.0f} queries lost")
    return completed, {"queries per second": value(r"Queries per second:\s+([\d.]+)")}
