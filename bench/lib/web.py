"""HTTP: small answers of an nginx upstream through each proxy."""

import http.client
import os
import pathlib
import re
import shutil
import subprocess

from .kinglet import Kinglet
from .process import Process, free_port, until
from .table import Figures

SECONDS = 5
HOST = "bench.example"
BODY = b"x" * 128


def start_upstream(folder):
    """nginx on the load generator's core; its cost is not counted."""
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; keepalive_requests 10000000; server {{ listen 127.0.0.1:{port} reuseport;"
        f" location / {{ default_type text/plain; return 200 '{BODY.decode()}'; }} }} }}\n"
    )
    return Process(["nginx", "-c", folder / "nginx.conf", "-p", folder], "1", folder / "nginx.out"), port


def start_kinglet(options, folder, upstream):
    kinglet = Kinglet(options.kinglet, folder)
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    kinglet.create([("/api/v1/namespaces", {"metadata": {"name": "bench"}})])
    kinglet.create([
        ("/api/v1/namespaces/bench/services", {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}),
        ("/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices", {
            "metadata": {"name": "web", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"]}], "ports": [{"name": "", "port": upstream}],
        }),
        ("/apis/networking.k8s.io/v1/namespaces/bench/ingresses", {
            "metadata": {"name": "web"}, "spec": {"rules": [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
        }),
    ])
    return kinglet.process, kinglet.ports["web"]


def start_haproxy(folder, upstream):
    port = free_port()
    (folder / "haproxy.cfg").write_text(
        "global\n  nbthread 1\n  maxconn 4096\ndefaults\n  mode http\n  option forwardfor\n  http-reuse always\n"
        "  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n"
        f"frontend web\n  bind 127.0.0.1:{port}\n  use_backend web if {{ hdr(host) -i {HOST} }}\n"
        f"backend web\n  server one 127.0.0.1:{upstream}\n"
    )
    return Process(["haproxy", "-f", folder / "haproxy.cfg", "-db"], "0", folder / "haproxy.log"), port


def traefik_binary():
    tools = os.environ.get("KINGLET_TOOLS") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "kinglet-tools"
    installed = pathlib.Path(tools) / "bin" / "traefik"
    return installed if installed.exists() else shutil.which("traefik")


def start_traefik(folder, upstream):
    port = free_port()
    (folder / "traefik.yaml").write_text(
        f"http:\n  routers:\n    web: {{rule: 'Host(`{HOST}`)', service: web, entryPoints: [web]}}\n"
        f"  services:\n    web: {{loadBalancer: {{servers: [{{url: 'http://127.0.0.1:{upstream}'}}]}}}}\n"
    )
    command = [traefik_binary(), f"--entrypoints.web.address=127.0.0.1:{port}", f"--providers.file.filename={folder}/traefik.yaml",
               "--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=ERROR"]
    return Process(command, "0", folder / "traefik.log", {"GOMAXPROCS": "1"}), port


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": HOST})
        answer = connection.getresponse()
        return answer.status == 200 and answer.read() == BODY
    finally:
        connection.close()


def load(port):
    """Keep-alive requests over 64 connections: requests per second, number of requests, 99th percentile in milliseconds."""
    output = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t", "1", "-c", "64", "-d", str(SECONDS), "--latency", "-H", f"Host: {HOST}", f"http://127.0.0.1:{port}/"],
        capture_output=True, text=True, check=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"bench: requests failed\n{output}")
    count = float(re.search(r"(\d+) requests in", output).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return rate, count, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def run(options, folder):
    figures = Figures("Kinglet")
    upstream, upstream_port = start_upstream(folder)
    servers = {}
    try:
        servers["Kinglet"] = start_kinglet(options, folder, upstream_port)
        servers["HAProxy"] = start_haproxy(folder, upstream_port)
        servers["Traefik"] = start_traefik(folder, upstream_port)
        for program, (_, port) in servers.items():
            until(lambda: answers(port), 20, f"{program} answers")
            load(port)
        for _ in range(options.rounds):
            for program, (process, port) in servers.items():
                before = process.cpu_seconds()
                rate, count, p99 = load(port)
                figures.add("CPU us per request", program, (process.cpu_seconds() - before) / count * 1e6)
                figures.add("requests per second", program, rate)
                figures.add("p99 ms, closed loop", program, p99)
        for program, (process, _) in servers.items():
            figures.add("RSS MiB after load", program, process.rss_mib())
    finally:
        for process, _ in servers.values():
            process.stop()
        upstream.stop()
    return figures
