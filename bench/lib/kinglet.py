"""Kinglet under test."""

import concurrent.futures
import http.client
import json
import pathlib
import ssl
import tempfile
import threading
import time

from .process import Process, free_port, until

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def binary(chosen):
    """The release binary: the chosen one, or the newest of the usual target folders."""
    if chosen:
        return pathlib.Path(chosen)
    import os
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    path = target / "release" / "kinglet"
    if not path.exists():
        raise SystemExit(f"bench: {path} is missing: cargo build --release, or --kinglet FILE")
    return path


class Kinglet:
    """A stand-alone server on free ports."""

    def __init__(self, program, folder, cores="0"):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder, prefix="kinglet-"))
        self.ports = {name: free_port() for name in ("api", "dns", "web", "websecure", "admin")}
        listeners = [f"--{name}-listen=127.0.0.1:{port}" for name, port in self.ports.items()]
        self.started = time.monotonic()
        self.process = Process(
            [program, "server", "--standalone", "--log-level=warn", "--data-dir", self.folder / "data", *listeners],
            cores, self.folder / "log",
        )
        until(self.ready, 30, "Kinglet is ready")
        self.start_seconds = time.monotonic() - self.started
        self.local = threading.local()

    def ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["admin"], timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def create(self, objects):
        """Creates (path, object) pairs over the API, many at a time."""
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            list(pool.map(self._create, objects))

    def _create(self, item):
        path, value = item
        self._send("POST", path, json.dumps(value), "application/json")

    def patch(self, path, body, kind):
        """Patches one object; `kind` is the media type of the patch."""
        self._send("PATCH", path, body, kind)

    def _send(self, method, path, body, kind):
        if not hasattr(self.local, "connection"):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.local.connection = http.client.HTTPSConnection("127.0.0.1", self.ports["api"], context=context)
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": kind}
        self.local.connection.request(method, path, body, headers)
        answer = self.local.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"bench: {path}: {answer.status} {text[:300]}")

    def token(self):
        if not hasattr(self, "_token"):
            self._token = next((self.folder / "data" / "tls").glob("*token*")).read_text().strip()
        return self._token

    def stop(self):
        self.process.stop()
