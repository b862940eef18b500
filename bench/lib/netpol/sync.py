"""A full sync of kube-router, which it does at every change: the programs that it calls, in its order."""

import time


def sync(node, rules, version):
    """Seconds that each program took."""
    took = {}
    for words, text in (
        (["iptables-save", "-t", "filter"], None),
        (["ipset", "save"], None),
        (["ipset", "restore", "-exist"], rules.ipset_restore()),
        (["iptables", "-t", "filter", "-S"], None),
        (["iptables-restore", "--wait", "-T", "filter"], rules.iptables_restore(version)),
        # kube-router looks for sets that no rule needs any more.
        (["ipset", "save"], None),
    ):
        began = time.monotonic()
        node.do(*words, text=text)
        name = " ".join(words[:2]) if words[0] == "ipset" else words[0]
        took[name] = took.get(name, 0) + time.monotonic() - began
    return took
