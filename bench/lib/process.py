"""Processes under test: started on given cores, measured by /proc, always stopped."""

import os
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


class Process:
    """A server process and its children, pinned to cores."""

    def __init__(self, command, cores, log, environment=None):
        self.log = open(log, "ab")
        self.child = subprocess.Popen(
            ["taskset", "-c", cores, *map(str, command)],
            stdout=self.log, stderr=self.log, env={**os.environ, **(environment or {})}, start_new_session=True,
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
                pass
        return found

    def move(self, cores):
        """Moves all threads to other cores."""
        for pid in self.pids():
            subprocess.run(["taskset", "-a", "-p", "-c", cores, str(pid)], check=True, stdout=subprocess.DEVNULL)

    def cpu_seconds(self):
        """User and system time so far."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except FileNotFoundError:
                pass
        return total / TICK

    def rss_mib(self):
        """Resident memory."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/status") as status:
                    total += sum(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
            except FileNotFoundError:
                pass
        return total / 1024

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that is free now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds, what):
    """Waits until the condition holds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: {what} within {seconds} s: no")
        time.sleep(0.01)
