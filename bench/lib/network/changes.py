"""What a program that loads rules tells of a first sync and of changes."""

import statistics


def note_first(figures, what, report):
    """The first sync, in milliseconds."""
    for clock in ("wall", "cpu"):
        parts = {part: costs[clock] for part, costs in report["first"].items()}
        figures.add(f"first sync of {what}, {clock} ms", "Kinglet", sum(parts.values()))
        for part, value in parts.items():
            figures.add(f"first sync of {what}, {clock} ms", f"of it {part}", value)


def note_changes(figures, what, report, kinds):
    """Changes of each kind, in milliseconds."""
    for change in kinds:
        costs = report["changes"][change]
        figures.add(f"change among {what}, wall ms, median of {len(costs['wall'])}", change, statistics.median(costs["wall"]))
        figures.add(f"change among {what}, wall ms, p99", change, statistics.quantiles(costs["wall"], n=100)[98])
        figures.add(f"change among {what}, cpu ms, mean", change, statistics.mean(costs["cpu"]))
