"""L4: what a load balancer's port on the node costs, by Kinglet's rules, klipper-lb's path, and HAProxy (root)."""

from .rounds import run

__all__ = ["run"]
