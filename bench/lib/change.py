"""Changes: from the API's answer to a changed Ingress or EndpointSlice until a client sees the effect."""

import contextlib
import itertools
import time

from . import dns, objects, web
from .figures import Figures
from .kinglet import Kinglet

CHANGES = 100
INGRESSES = 1_000
PATIENCE_SECONDS = 10


def run(options, folder):
    figures = Figures("Kinglet")
    with contextlib.ExitStack() as stack:
        upstream = web.start_upstream(stack, folder)
        kinglet = stack.enter_context(Kinglet(options.kinglet, folder))
        create_objects(kinglet, upstream)
        measure_routes(figures, kinglet, "route change seen by a client, 1 Ingresses, ms")
        kinglet.create(objects.ingress(f"other-{n}", f"other-{n}.example", "web") for n in range(INGRESSES))
        measure_routes(figures, kinglet, f"route change seen by a client, {INGRESSES} Ingresses, ms")
        measure_names(figures, kinglet)
    return figures


def create_objects(kinglet, upstream):
    kinglet.create([objects.namespace()])
    kinglet.create([
        objects.service("web"), objects.endpoint_slice("web", "127.0.0.1", upstream),
        objects.service("empty"),
        objects.service("peers", "None"), objects.endpoint_slice("peers", "192.0.2.1", 80),
        objects.ingress("web", web.HOST, "web"),
    ])


def measure_routes(figures, kinglet, measure):
    """The Service of a route changes to one without endpoints (503) and back."""
    port = kinglet.ports["web"]
    milliseconds_until(lambda: web.get(port)[0] == 200)
    for service, code in itertools.islice(itertools.cycle((("empty", 503), ("web", 200))), CHANGES):
        field = "/spec/rules/0/http/paths/0/backend/service/name"
        patch = [{"op": "replace", "path": field, "value": service}]
        kinglet.patch(f"{objects.INGRESSES}/web", patch, "application/json-patch+json")
        figures.add(measure, "Kinglet", milliseconds_until(lambda: web.get(port)[0] == code))


def measure_names(figures, kinglet):
    """The endpoint of a headless Service changes."""
    port = kinglet.ports["dns"]
    for number in range(CHANGES):
        address = f"192.0.2.{2 + number}"
        patch = {"endpoints": [{"addresses": [address]}]}
        kinglet.patch(f"{objects.SLICES}/peers", patch, "application/merge-patch+json")
        took = milliseconds_until(lambda: dns.ask(port, "peers.bench.svc.cluster.local") == (0, address))
        figures.add("endpoint change seen by a DNS client, ms", "Kinglet", took)


def milliseconds_until(condition):
    """Asks again and again without a pause: a pause would be the resolution of the result."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise SystemExit("bench: a change has no effect")
    return (time.monotonic() - began) * 1000
