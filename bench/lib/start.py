"""Kinglet's start: from an empty data directory to ready, and idle memory."""

import time

from .figures import Figures
from .kinglet import Kinglet
from .process import BOTH_CORES

# After this time the work of the start is over.
IDLE_SECONDS = 5


def run(options, folder):
    figures = Figures("Kinglet")
    for _ in range(options.rounds):
        # No load generator here, so Kinglet may use both cores, as it does in use.
        with Kinglet(options.kinglet, folder, BOTH_CORES) as kinglet:
            figures.add("start to ready, ms", "Kinglet", kinglet.start_seconds * 1000)
            time.sleep(IDLE_SECONDS)
            figures.add("idle RSS, MiB", "Kinglet", kinglet.process.rss_mib())
    return figures
