"""Contenders in turn."""

import contextlib
import signal
import sys


@contextlib.contextmanager
def verified(contenders):
    """Checks before and after the measurements that each contender does what it must.

    Rules that are wrong, or gone, could be faster. The first check also fills neighbour tables, so that no
    measurement does.
    """
    # Without this, SIGTERM would end the process at once and leave the namespaces behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended by SIGTERM"))
    with contenders as made:
        for contender in made:
            contender.verify()
        yield made
        for contender in made:
            contender.verify()


def turns(contenders, count, measure):
    """Measures each contender `count` times; yields the results of each turn by contender.

    Each turn begins with another contender: when the machine becomes slower or faster during a turn, the same
    contender is not always the one that it happens to.
    """
    for number in range(count):
        first = number % len(contenders)
        yield {contender: measure(contender) for contender in [*contenders[first:], *contenders[:first]]}


def add_stream(figures, contender, rate, base, base_rate, processes):
    """Rate and CPU time of one stream; the share of the rate of `base` depends less on the machine."""
    figures.add("one stream, Gbit/s", contender.name, rate)
    figures.add(f"one stream, share of {base}'s Gbit/s", contender.name, rate / base_rate)
    figures.add("one stream, CPU us of the processes per MB", contender.name, processes)
