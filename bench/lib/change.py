"""Changes: from the API's answer to a changed Ingress or EndpointSlice until clients see the effect."""

import http.client
import itertools
import json
import time

from . import dns, web
from .kinglet import Kinglet
from .table import Figures

CHANGES = 100
INGRESSES = 1_000


def status(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": web.HOST})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def milliseconds_until(condition):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > 10:
            raise SystemExit("bench: a change has no effect")
    return (time.monotonic() - began) * 1000


def ingress(name, host, service):
    backend = {"service": {"name": service, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {"metadata": {"name": name}, "spec": {"rules": [{"host": host, "http": {"paths": paths}}]}}


def run(options, folder):
    figures = Figures("Kinglet")
    upstream, upstream_port = web.start_upstream(folder)
    kinglet = Kinglet(options.kinglet, folder, cores="0")
    try:
        prepare(kinglet, upstream_port)
        for size in (1, INGRESSES):
            if size > 1:
                kinglet.create(
                    ("/apis/networking.k8s.io/v1/namespaces/bench/ingresses", ingress(f"other-{n}", f"other-{n}.example", "web"))
                    for n in range(size)
                )
            routes(figures, kinglet, f"route change seen by a client, {size} Ingresses, ms")
        names(figures, kinglet)
    finally:
        kinglet.stop()
        upstream.stop()
    return figures


def prepare(kinglet, upstream_port):
    services = "/api/v1/namespaces/bench/services"
    kinglet.create([("/api/v1/namespaces", {"metadata": {"name": "bench"}})])
    kinglet.create([
        (services, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}),
        (services, {"metadata": {"name": "empty"}, "spec": {"ports": [{"port": 80}]}}),
        (services, {"metadata": {"name": "peers"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}),
        ("/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices", slice_of("web", "127.0.0.1", upstream_port)),
        ("/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices", slice_of("peers", "192.0.2.1", 80)),
        ("/apis/networking.k8s.io/v1/namespaces/bench/ingresses", ingress("web", web.HOST, "web")),
    ])


def slice_of(service, address, port):
    return {
        "metadata": {"name": service, "labels": {"kubernetes.io/service-name": service}}, "addressType": "IPv4",
        "endpoints": [{"addresses": [address]}], "ports": [{"name": "", "port": port}],
    }


def routes(figures, kinglet, measure):
    """The route's Service changes to one without endpoints (503) and back."""
    path = "/apis/networking.k8s.io/v1/namespaces/bench/ingresses/web"
    milliseconds_until(lambda: status(kinglet.ports["web"]) == 200)
    for service, code in itertools.islice(itertools.cycle((("empty", 503), ("web", 200))), CHANGES):
        patch = json.dumps([{"op": "replace", "path": "/spec/rules/0/http/paths/0/backend/service/name", "value": service}])
        kinglet.patch(path, patch, "application/json-patch+json")
        figures.add(measure, "Kinglet", milliseconds_until(lambda: status(kinglet.ports["web"]) == code))


def names(figures, kinglet):
    """The endpoint of a headless Service changes."""
    path = "/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices/peers"
    for number in range(CHANGES):
        address = f"192.0.2.{2 + number}"
        kinglet.patch(path, json.dumps({"endpoints": [{"addresses": [address]}]}), "application/merge-patch+json")
        answer = lambda: dns.ask(kinglet.ports["dns"], "peers.bench.svc.cluster.local") == (0, address)
        figures.add("endpoint change seen by a DNS client, ms", "Kinglet", milliseconds_until(answer))
