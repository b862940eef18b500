"""L4: what a load balancer's port costs packets, with Kinglet, klipper-lb, kube-proxy and HAProxy (root)."""

from .rounds import run

__all__ = ["run"]
