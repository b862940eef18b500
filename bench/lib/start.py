"""Start to ready on an empty data directory, and idle memory."""

import time

from .kinglet import Kinglet
from .table import Figures

IDLE_SECONDS = 5


def run(options, folder):
    figures = Figures("Kinglet")
    for _ in range(options.rounds):
        kinglet = Kinglet(options.kinglet, folder, cores="0,1")
        try:
            figures.add("start to ready, ms", "Kinglet", kinglet.start_seconds * 1000)
            time.sleep(IDLE_SECONDS)
            figures.add("idle RSS, MiB", "Kinglet", kinglet.process.rss_mib())
        finally:
            kinglet.stop()
    return figures
