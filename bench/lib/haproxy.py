"""HAProxy's configuration, as far as it is the same in all benchmarks."""


def configuration(defaults, listeners):
    """The text of haproxy.cfg: one thread for the one core, and more connections than any load opens."""
    timeouts = "  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n"
    return f"global\n  nbthread 1\n  maxconn 4096\ndefaults\n{defaults}{timeouts}{listeners}"
