"""The programs that a benchmark runs, checked before it begins."""

import os
import shutil

from ..target import release


class Programs:
    """`load` is the load generator, an example of kinglet-dataplane-agent; `rules` loads rules."""

    def __init__(self, rules, crate, tools):
        self.load, self.rules = (release() / "examples" / name for name in ("l4_load", rules))
        if not (self.load.exists() and self.rules.exists()):
            packages = " ".join(f"-p {name}" for name in dict.fromkeys(("kinglet-dataplane-agent", crate)))
            build = f"cargo build --release {packages} --examples"
            raise SystemExit(f"bench: {self.load} or {self.rules} does not exist: run {build}")
        missing = [tool for tool in tools if not shutil.which(tool)]
        if missing:
            raise SystemExit(f"bench: not installed: {', '.join(missing)}: run tests/tools/install bench")
        if os.geteuid() != 0:
            raise SystemExit("bench: network namespaces need root")
