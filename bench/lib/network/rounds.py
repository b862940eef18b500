"""Contenders in turn."""

import contextlib
import signal
import sys


@contextlib.contextmanager
def verified(contenders):
    """Makes contenders, each of which does what it must before and after; their worlds are gone in the end, also when the benchmark is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: told to end"))
    with contenders as made:
        for contender in made:
            contender.verify()
        yield made
        for contender in made:
            contender.verify()


def turns(contenders, count, measure):
    """What is measured of each contender, `count` times. Each turn begins with another one: what else the machine does then meets all in the same way."""
    for number in range(count):
        first = number % len(contenders)
        yield {contender: measure(contender) for contender in [*contenders[first:], *contenders[:first]]}
