"""Where cargo puts what it builds."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def release():
    """The folder of release builds."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release"


def kinglet(chosen):
    """The program to measure: the chosen file, or the release build."""
    if chosen:
        return pathlib.Path(chosen)
    path = release() / "kinglet"
    if not path.exists():
        raise SystemExit(f"bench: {path} does not exist: run cargo build --release, or give --kinglet FILE")
    return path
