"""Processes under test: pinned to cores, measured through /proc, always stopped."""

import os
import socket
import subprocess
import time

# The server under test and the load generator have a core each: neither takes CPU time from the other.
SERVER_CORE = "0"
LOAD_CORE = "1"
BOTH_CORES = "0,1"
TICK = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10


class Process:
    """A server process with its children."""

    def __init__(self, command, cores, log, environment=None):
        self.log = open(log, "ab")
        self.child = subprocess.Popen(
            ["taskset", "-c", cores, *map(str, command)],
            stdout=self.log, stderr=self.log, env={**os.environ, **(environment or {})},
            # Ctrl-C in the terminal reaches the benchmark only, which then stops its processes in order.
            start_new_session=True,
        )

    def pids(self):
        """The process and its descendants."""
        found, waiting = [], [self.child.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            try:
                for thread in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{thread}/children") as children:
                        waiting.extend(map(int, children.read().split()))
            except FileNotFoundError:
                # It ended while it was looked at.
                pass
        return found

    def move(self, cores):
        """Moves all threads to other cores."""
        for pid in self.pids():
            words = ["taskset", "-a", "-p", "-c", cores, str(pid)]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    def cpu_seconds(self):
        """User and system time since the start: fields 14 and 15 of /proc/PID/stat (proc(5))."""
        # The command's name, which comes before the last bracket, may hold blanks.
        fields = [text.rsplit(")", 1)[1].split() for text in self._read("stat")]
        return sum(int(user) + int(system) for user, system in (one[11:13] for one in fields)) / TICK

    def rss_mib(self):
        """Resident memory."""
        lines = [line for text in self._read("status") for line in text.splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def _read(self, name):
        """The file of that name of each process in /proc."""
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/{name}") as file:
                    yield file.read()
            except FileNotFoundError:
                # It ended after it was listed.
                pass

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run_on(core, words):
    """Runs a load generator on a core; returns what it prints."""
    words = ["taskset", "-c", core, *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that is free now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds, what):
    """Waits until the condition holds; a connection that is refused means that it does not hold yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: not within {seconds} s: {what}")
        time.sleep(0.01)
