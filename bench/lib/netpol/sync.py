"""A full sync of kube-router, which it does at every change: the programs that it calls in it, in their order."""

import time


def sync(node, rules, version):
    """Seconds that the programs took which write, and all of them."""
    writes, all_of_them = 0, 0
    for words, text in (
        (["iptables-save", "-t", "filter"], None),
        (["ipset", "save"], None),
        (["ipset", "restore", "-exist"], rules.ipset_restore()),
        (["iptables", "-t", "filter", "-S"], None),
        (["iptables-restore", "--wait", "-T", "filter"], rules.iptables_restore(version)),
        (["ipset", "save"], None),
    ):
        began = time.monotonic()
        node.do(*words, text=text)
        took = time.monotonic() - began
        all_of_them += took
        writes += took if text else 0
    return writes, all_of_them
