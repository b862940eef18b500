"""Figures of all rounds, printed as medians with their spread."""

import json
import statistics


class Figures:
    """Values by measure and program, in the order in which they were added."""

    def __init__(self, reference):
        """Ratios are to the program `reference`."""
        self.reference = reference
        self.values = {}

    def add(self, measure, program, value):
        self.values.setdefault(measure, {}).setdefault(program, []).append(value)

    def print(self):
        """A Markdown table for each measure."""
        for measure, programs in self.values.items():
            print(f"\n| {measure} | median | min | max | times Kinglet's |")
            print("|---|---|---|---|---|")
            base = statistics.median(programs[self.reference]) if self.reference in programs else None
            for program, values in programs.items():
                # A round that other work on the machine disturbed moves a mean, not a median.
                median = statistics.median(values)
                ratio = f"{median / base:.2f}" if base else "-"
                print(f"| {program} | {median:.2f} | {min(values):.2f} | {max(values):.2f} | {ratio} |")

    def write(self, path):
        with open(path, "w") as file:
            json.dump(self.values, file, indent=1)
