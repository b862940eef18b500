"""A lab of three nodes: until it is up, until 20 pods run, until it is removed (root)."""

import json
import subprocess
import time

from .figures import Figures
from .process import until

PODS = 20
NAME = "bench"
DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "pods", "namespace": "default"},
    "spec": {
        "replicas": PODS, "selector": {"matchLabels": {"app": "pods"}},
        "template": {
            "metadata": {"labels": {"app": "pods"}},
            "spec": {
                "containers": [{"name": "echo", "image": "kinglet/echo:1", "ports": [{"containerPort": 80}]}],
            },
        },
    },
}


def run(options, folder):
    figures = Figures("Kinglet")
    for _ in range(options.rounds):
        lab = Lab(options.kinglet, folder)
        try:
            began = time.monotonic()
            lab.run("up", "--nodes", "3", "--write-kubeconfig", lab.kubeconfig)
            figures.add("3 nodes, DNS and ingress up, ms", "Kinglet", milliseconds_since(began))
            lab.kubectl("apply", "-f", lab.manifest)
            until(lab.all_pods_run, 30, f"{PODS} pods run")
            figures.add("20 pods ready as well, ms", "Kinglet", milliseconds_since(began))
            began = time.monotonic()
        finally:
            # Also after a failure: a lab outlives the process that started it.
            lab.run("down")
        figures.add("removed, ms", "Kinglet", milliseconds_since(began))
    return figures


def milliseconds_since(began):
    return (time.monotonic() - began) * 1000


class Lab:
    """`kinglet lab`, and kubectl for it."""

    def __init__(self, program, folder):
        self.program = program
        self.kubeconfig = folder / "kubeconfig"
        self.manifest = folder / "deployment.json"
        self.manifest.write_text(json.dumps(DEPLOYMENT))

    def run(self, command, *arguments):
        words = [self.program, "lab", command, "--name", NAME, *arguments]
        subprocess.run(list(map(str, words)), check=True, capture_output=True)

    def kubectl(self, *arguments):
        words = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout

    def all_pods_run(self):
        ready = self.kubectl("get", "deployment", "pods", "-o", "jsonpath={.status.readyReplicas}")
        return ready == str(PODS)
