"""How long rules take: figures from the report of a program that loads and changes them."""

import statistics


def add_first_sync(figures, what, report):
    """The first sync and its parts, in milliseconds."""
    for clock in ("wall", "cpu"):
        measure = f"first sync of {what}, {clock} ms"
        parts = {part: costs[clock] for part, costs in report["first"].items()}
        figures.add(measure, "Kinglet", sum(parts.values()))
        for part, value in parts.items():
            figures.add(measure, f"of it {part}", value)


def add_changes(figures, what, report, labels):
    """Changes of each kind, in milliseconds; `labels` maps the names in the report to those in the output."""
    for kind, label in labels.items():
        wall, cpu = report["changes"][kind]["wall"], report["changes"][kind]["cpu"]
        figures.add(f"change among {what}, wall ms, median of {len(wall)}", label, statistics.median(wall))
        # Goals are on the slowest changes, too, and a median hides them.
        figures.add(f"change among {what}, wall ms, p99", label, statistics.quantiles(wall, n=100)[98])
        figures.add(f"change among {what}, cpu ms, mean", label, statistics.mean(cpu))
