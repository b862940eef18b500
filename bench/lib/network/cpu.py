"""CPU time: of the whole machine, and of the processes that took part."""

import os
import pathlib
import time

TICK = os.sysconf("SC_CLK_TCK")
BACKGROUND_SECONDS = 0.3


def of_machine():
    """Seconds that all cores were busy: user, nice, system, irq and softirq time."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq = map(int, stat.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


def of_processes(pids):
    """Seconds that the scheduler gave to processes, to the nanosecond. Packets are handled in the name of whoever is running."""
    total = 0
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def of_softirqs():
    """The kernel's threads that handle packets when there are too many."""
    return [int(comm.parent.name) for comm in pathlib.Path("/proc").glob("[0-9]*/comm") if read(comm).startswith("ksoftirqd/")]


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def background():
    """How many cores are busy while nothing is measured."""
    began, before = time.monotonic(), of_machine()
    time.sleep(BACKGROUND_SECONDS)
    return (of_machine() - before) / (time.monotonic() - began)
