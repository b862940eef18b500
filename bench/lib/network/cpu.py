"""CPU time: of the whole machine, and of the processes under test."""

import pathlib
import time

from ..process import TICK

BACKGROUND_SECONDS = 0.3


def of_machine():
    """Seconds that all cores were busy: user, nice, system, irq and softirq time."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq = map(int, stat.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


def of_processes(pids):
    """Seconds that the scheduler gave to processes.

    The kernel handles most packets in the name of the process that runs at the moment, so this includes the
    work of the rules. It counts nanoseconds; /proc/PID/stat counts ticks of 10 ms.
    """
    total = 0
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def ksoftirqd():
    """The kernel threads that handle packets when there are too many for the running process."""
    names = pathlib.Path("/proc").glob("[0-9]*/comm")
    return [int(name.parent.name) for name in names if read(name).startswith("ksoftirqd/")]


def read(path):
    try:
        return path.read_text()
    except OSError:
        # The process has ended.
        return ""


def background():
    """How many cores are busy while nothing is measured."""
    began, before = time.monotonic(), of_machine()
    time.sleep(BACKGROUND_SECONDS)
    return (of_machine() - before) / (time.monotonic() - began)
