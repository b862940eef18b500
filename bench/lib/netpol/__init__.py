"""Network policies: what they cost packets, and what changes of them cost, by Kinglet's rules and kube-router's (root)."""

from .rounds import run

__all__ = ["run"]
