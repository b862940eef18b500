"""Network policies: what packets and changes cost with the rules of Kinglet and of kube-router (root)."""

from .rounds import run

__all__ = ["run"]
