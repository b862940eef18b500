"""Kinglet under test: a stand-alone server, and a client of its API."""

import concurrent.futures
import http.client
import json
import pathlib
import ssl
import tempfile
import threading
import time

from .process import SERVER_CORE, Process, free_port, until

# Requests at a time: the API server flushes concurrent writes together.
CONCURRENT_REQUESTS = 32


class Kinglet:
    """A stand-alone server on free ports and an empty data directory; ready when it is made."""

    def __init__(self, program, folder, cores=SERVER_CORE):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder, prefix="kinglet-"))
        self.ports = {name: free_port() for name in ("api", "dns", "web", "websecure", "admin")}
        listeners = [f"--{name}-listen=127.0.0.1:{port}" for name, port in self.ports.items()]
        # A connection belongs to one thread: http.client answers one request at a time on it.
        self._connections = threading.local()
        self._token = None
        started = time.monotonic()
        options = ["--log-level=warn", "--data-dir", self.folder / "data", *listeners]
        self.process = Process([program, "server", "--standalone", *options], cores, self.folder / "log")
        try:
            until(self._is_ready, 30, "Kinglet is ready")
        except BaseException:
            self.process.stop()
            raise
        self.start_seconds = time.monotonic() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def _is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["admin"], timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def create(self, objects):
        """Creates (path, object) pairs over the API."""
        with concurrent.futures.ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
            # A list, so that the error of any request is raised.
            list(pool.map(self._create, objects))

    def _create(self, item):
        path, value = item
        self._send("POST", path, json.dumps(value), "application/json")

    def patch(self, path, body, kind):
        """Patches one object; `kind` is the media type of the patch."""
        self._send("PATCH", path, json.dumps(body), kind)

    def _send(self, method, path, body, kind):
        if self._token is None:
            self._token = next((self.folder / "data" / "tls").glob("*token*")).read_text().strip()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        connection = self._connection()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"bench: {method} {path}: {answer.status} {text[:300]}")

    def _connection(self):
        """A kept connection of this thread: a TLS handshake per request would be part of what is measured."""
        if not hasattr(self._connections, "connection"):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self._connections.connection = http.client.HTTPSConnection(
                "127.0.0.1", self.ports["api"], context=context
            )
        return self._connections.connection
