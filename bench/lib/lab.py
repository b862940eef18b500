"""A lab of three nodes: until it is up, until 20 pods run, until it is gone (root)."""

import json
import pathlib
import subprocess
import time

from .process import until
from .table import Figures

PODS = 20
NAME = "bench"
DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "pods", "namespace": "default"},
    "spec": {
        "replicas": PODS, "selector": {"matchLabels": {"app": "pods"}},
        "template": {
            "metadata": {"labels": {"app": "pods"}},
            "spec": {"containers": [{"name": "echo", "image": "kinglet/echo:1", "ports": [{"containerPort": 80}]}]},
        },
    },
}


def run(options, folder):
    figures = Figures("Kinglet")
    for _ in range(options.rounds):
        lab = Lab(options.kinglet, folder)
        try:
            began = time.monotonic()
            lab.act("up", "--nodes", "3", "--write-kubeconfig", lab.kubeconfig)
            figures.add("3 nodes, DNS and ingress up, ms", "Kinglet", since(began))
            lab.kubectl("apply", "-f", lab.manifest)
            until(lab.all_run, 30, "20 pods run")
            figures.add("20 pods ready as well, ms", "Kinglet", since(began))
            began = time.monotonic()
        finally:
            lab.act("down")
        figures.add("gone, ms", "Kinglet", since(began))
    return figures


def since(began):
    return (time.monotonic() - began) * 1000


class Lab:
    """`kinglet lab` with kubectl."""

    def __init__(self, program, folder):
        self.program = program
        self.kubeconfig = pathlib.Path(folder) / "kubeconfig"
        self.manifest = pathlib.Path(folder) / "deployment.json"
        self.manifest.write_text(json.dumps(DEPLOYMENT))

    def act(self, word, *arguments):
        command = [self.program, "lab", word, "--name", NAME, *arguments]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)

    def kubectl(self, *arguments):
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout

    def all_run(self):
        return self.kubectl("get", "deployment", "pods", "-o", "jsonpath={.status.readyReplicas}") == str(PODS)
