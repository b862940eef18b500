"""Figures of interleaved runs as a table."""

import json
import statistics


class Figures:
    """Values by (measure, program), in the order in which they came."""

    def __init__(self, ours):
        self.ours = ours
        self.values = {}

    def add(self, measure, program, value):
        self.values.setdefault(measure, {}).setdefault(program, []).append(value)

    def print(self):
        """A Markdown table: medians, spread, and how many times Kinglet's the others are."""
        for measure, programs in self.values.items():
            print(f"\n| {measure} | median | min | max | times Kinglet's |")
            print("|---|---|---|---|---|")
            base = statistics.median(programs[self.ours]) if self.ours in programs else None
            for program, values in programs.items():
                median = statistics.median(values)
                ratio = f"{median / base:.2f}" if base else "-"
                print(f"| {program} | {median:.2f} | {min(values):.2f} | {max(values):.2f} | {ratio} |")

    def write(self, path):
        with open(path, "w") as file:
            json.dump(self.values, file, indent=1)
