"""The objects of a cluster, as kube-router reads them."""

import json

from ..network.namespace import command


class Cluster:
    """As many pods as policies; some of the pods are on the node."""

    def __init__(self, programs, pods, local):
        objects = json.loads(command(programs.rules, "objects", pods, local))
        self.policies = objects["policies"]
        self.labels = {one["metadata"]["name"]: one["metadata"]["labels"] for one in objects["namespaces"]}
        self.pods = {}
        for pod in objects["pods"]:
            self.pods.setdefault(pod["metadata"]["namespace"], []).append(pod)

    def local(self):
        """The pods on the node."""
        return [pod for pods in self.pods.values() for pod in pods if pod["spec"]["nodeName"] == "here"]

    def select(self, namespace, selector):
        """Addresses of the pods of a namespace that a selector, of labels alone, selects."""
        pods = self.pods.get(namespace, [])
        return [pod["status"]["podIP"] for pod in pods if matches(selector, pod["metadata"]["labels"])]

    def peer(self, namespace, peer):
        """Addresses of the pods that a peer of a policy of this namespace means."""
        if "namespaceSelector" not in peer:
            return self.select(namespace, peer["podSelector"]) if "podSelector" in peer else []
        meant = [name for name, labels in self.labels.items() if matches(peer["namespaceSelector"], labels)]
        return [address for name in meant for address in self.select(name, peer.get("podSelector", {}))]


def matches(selector, labels):
    return selector.get("matchLabels", {}).items() <= labels.items()
