"""The programs that a benchmark calls."""

import os
import pathlib
import shutil

from ..kinglet import REPOSITORY


class Programs:
    """The load generator, which is an example of kinglet-dataplane, and a program that loads rules, which is an example of a crate."""

    def __init__(self, rules, crate, tools):
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        self.load, self.rules = (target / "release" / "examples" / name for name in ("l4_load", rules))
        if not (self.load.exists() and self.rules.exists()):
            packages = " ".join(f"-p {name}" for name in dict.fromkeys(("kinglet-dataplane", crate)))
            raise SystemExit(f"bench: {self.load} and {rules} are needed: cargo build --release {packages} --examples")
        missing = [tool for tool in tools if not shutil.which(tool)]
        if missing:
            raise SystemExit(f"bench: missing: {', '.join(missing)}: tests/tools/install bench")
        if os.geteuid() != 0:
            raise SystemExit("bench: network namespaces need root")
