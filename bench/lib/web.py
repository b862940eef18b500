"""HTTP: small responses of an nginx upstream through Kinglet, HAProxy and Traefik."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil

from . import haproxy, objects
from .kinglet import Kinglet
from .process import LOAD_CORE, SERVER_CORE, Process, free_port, run_on
from .servers import Server, measure

SECONDS = 5
HOST = "bench.example"
BODY = b"x" * 128


def run(options, folder):
    with contextlib.ExitStack() as stack:
        upstream = start_upstream(stack, folder)
        servers = {
            "Kinglet": start_kinglet(stack, options.kinglet, folder, upstream),
            "HAProxy": start_haproxy(stack, folder, upstream),
            "Traefik": start_traefik(stack, folder, upstream),
        }
        return measure(servers, options.rounds, answers, load, "request")


def start_upstream(stack, folder):
    """nginx on the load generator's core: the server under test has its own alone. Returns the port."""
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_requests 10000000;\n"
        f"server {{ listen 127.0.0.1:{port} reuseport;"
        f" location / {{ default_type text/plain; return 200 '{BODY.decode()}'; }} }} }}\n"
    )
    words = ["nginx", "-c", folder / "nginx.conf", "-p", folder]
    stack.enter_context(Process(words, LOAD_CORE, folder / "nginx.out"))
    return port


def start_kinglet(stack, program, folder, upstream):
    kinglet = stack.enter_context(Kinglet(program, folder))
    kinglet.create([objects.namespace()])
    kinglet.create([
        objects.service("web"), objects.endpoint_slice("web", "127.0.0.1", upstream),
        objects.ingress("web", HOST, "web"),
    ])
    return Server(kinglet.process, kinglet.ports["web"])


def start_haproxy(stack, folder, upstream):
    port = free_port()
    (folder / "haproxy.cfg").write_text(haproxy.configuration(
        # What the other two do as well: X-Forwarded-For, and connections to servers that all clients share.
        "  mode http\n  option forwardfor\n  http-reuse always\n",
        f"frontend web\n  bind 127.0.0.1:{port}\n  use_backend web if {{ hdr(host) -i {HOST} }}\n"
        f"backend web\n  server one 127.0.0.1:{upstream}\n",
    ))
    process = Process(["haproxy", "-f", folder / "haproxy.cfg", "-db"], SERVER_CORE, folder / "haproxy.log")
    return Server(stack.enter_context(process), port)


def start_traefik(stack, folder, upstream):
    port = free_port()
    (folder / "traefik.yaml").write_text(
        f"http:\n  routers:\n    web: {{rule: 'Host(`{HOST}`)', service: web, entryPoints: [web]}}\n"
        f"  services:\n    web: {{loadBalancer: {{servers: [{{url: 'http://127.0.0.1:{upstream}'}}]}}}}\n"
    )
    words = [
        traefik_program(), f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.filename={folder}/traefik.yaml",
        "--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=ERROR",
    ]
    # One thread of Go code for the one core.
    process = Process(words, SERVER_CORE, folder / "traefik.log", {"GOMAXPROCS": "1"})
    return Server(stack.enter_context(process), port)


def traefik_program():
    """The Traefik of tests/tools/install, or one on PATH."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    tools = pathlib.Path(os.environ.get("KINGLET_TOOLS") or cache / "kinglet-tools")
    installed = tools / "bin" / "traefik"
    return installed if installed.exists() else shutil.which("traefik")


def get(port):
    """Status and body of a response, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": HOST})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def answers(port):
    return get(port) == (200, BODY)


def load(port):
    """Requests over 64 keep-alive connections, each as soon as the response to the one before is there."""
    output = run_on(LOAD_CORE, [
        "wrk", "-t", "1", "-c", "64", "-d", SECONDS, "--latency",
        "-H", f"Host: {HOST}", f"http://127.0.0.1:{port}/",
    ])
    # An error page costs less than a response of the upstream: such figures would compare nothing.
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"bench: requests failed\n{output}")
    count = float(re.search(r"(\d+) requests in", output).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    p99 = float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return count, {"requests per second": rate, "p99 ms, closed loop": p99}
