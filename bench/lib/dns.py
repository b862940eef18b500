"""DNS: queries for 10,000 Service names, one in five of them for a name that does not exist."""

import random
import re
import socket
import struct
import subprocess
import time

from .kinglet import Kinglet
from .process import Process, free_port, until
from .table import Figures

NAMES = 10_000
SECONDS = 5


def service_name(number):
    return f"svc-{number:05}.bench.svc.cluster.local"


def address(number):
    return f"10.43.{16 + number // 250}.{1 + number % 250}"


def write_queries(path):
    random.seed(7)
    with open(path, "w") as file:
        for _ in range(50_000):
            number = random.randrange(NAMES)
            name = service_name(number) if random.random() < 0.8 else f"no-{number}.bench.svc.cluster.local"
            file.write(f"{name} A\n")


def ask(port, name):
    """One A query: response code and addresses."""
    query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0)
    query += b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + struct.pack("!BHH", 0, 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.sendto(query, ("127.0.0.1", port))
        answer = client.recv(4096)
    code, count = answer[3] & 15, struct.unpack("!H", answer[6:8])[0]
    return code, socket.inet_ntoa(answer[len(query) + 12:len(query) + 16]) if count else None


def check(program, port):
    """The server under test must give the right answers."""
    until(lambda: ask(port, service_name(NAMES - 1)) == (0, address(NAMES - 1)), 60, f"{program} answers")
    if ask(port, "nobody.bench.svc.cluster.local")[0] != 3:
        raise SystemExit(f"bench: {program} does not answer NXDOMAIN")


def start_kinglet(program, folder):
    kinglet = Kinglet(program, folder)
    kinglet.create([("/api/v1/namespaces", {"metadata": {"name": "bench"}})])
    began = time.monotonic()
    kinglet.create(
        ("/api/v1/namespaces/bench/services", {
            "metadata": {"name": f"svc-{number:05}"},
            "spec": {"clusterIP": address(number), "ports": [{"port": 80}]},
        })
        for number in range(NAMES)
    )
    print(f"kinglet: {NAMES} Services created in {time.monotonic() - began:.1f} s", flush=True)
    return kinglet.process, kinglet.ports["dns"]


def start_knot(folder):
    port = free_port(socket.SOCK_DGRAM)
    with open(folder / "zone", "w") as zone:
        zone.write("$ORIGIN cluster.local.\n@ 5 SOA ns.dns hostmaster 1 7200 1800 86400 5\n@ 5 NS ns.dns\nns.dns 5 A 127.0.0.1\n")
        zone.writelines(f"svc-{number:05}.bench.svc 5 A {address(number)}\n" for number in range(NAMES))
    (folder / "knot.conf").write_text(
        f"server:\n  listen: 127.0.0.1@{port}\n  rundir: {folder}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
        f"database:\n  storage: {folder}\nlog:\n  - target: stderr\n    any: error\n"
        f"zone:\n  - domain: cluster.local\n    file: {folder}/zone\n"
    )
    return Process(["knotd", "-c", folder / "knot.conf"], "0", folder / "knot.log"), port


def load(port, queries):
    """Drives a server as fast as it answers; returns queries per second and the number answered."""
    output = subprocess.run(
        ["taskset", "-c", "1", "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(queries), "-l", str(SECONDS), "-c", "16", "-q", "200"],
        capture_output=True, text=True, check=True,
    ).stdout
    value = lambda pattern: float(re.search(pattern, output).group(1))
    lost = value(r"Queries lost:\s+(\d+)")
    completed = value(r"Queries completed:\s+(\d+)")
    if lost > completed / 1000:
        raise SystemExit(f"bench: {lost:.0f} of {completed:.0f} queries lost")
    return value(r"Queries per second:\s+([\d.]+)"), completed


def run(options, folder):
    queries = folder / "queries"
    write_queries(queries)
    figures = Figures("Kinglet")
    servers = {"Kinglet": start_kinglet(options.kinglet, folder), "Knot": start_knot(folder)}
    try:
        for program, (_, port) in servers.items():
            check(program, port)
            load(port, queries)
        for _ in range(options.rounds):
            for program, (process, port) in servers.items():
                before = process.cpu_seconds()
                rate, completed = load(port, queries)
                figures.add("CPU us per query", program, (process.cpu_seconds() - before) / completed * 1e6)
                figures.add("queries per second", program, rate)
        for program, (process, _) in servers.items():
            figures.add("RSS MiB after load", program, process.rss_mib())
    finally:
        for process, _ in servers.values():
            process.stop()
    return figures
