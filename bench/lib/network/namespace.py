"""Network namespaces, and programs that run in them."""

import os
import subprocess


class Namespace:
    """A network namespace, which `create` makes."""

    def __init__(self, benchmark, name):
        # With the process id: namespaces have names of the whole machine, and another benchmark may run.
        self.name = f"kinglet-{benchmark}-{os.getpid()}-{name}"

    def create(self):
        """Makes it, with forwarding on."""
        command("ip", "netns", "add", self.name)
        self.do("ip", "link", "set", "lo", "up")
        self.set("net/ipv4/ip_forward", 1)
        # Distributions differ in this check of source addresses, which takes a route look-up per packet.
        self.set("net/ipv4/conf/all/rp_filter", 0)
        self.set("net/ipv4/conf/default/rp_filter", 0)
        # A proxy needs a source port for each connection of a load, and ports stay taken for a while.
        self.set("net/ipv4/ip_local_port_range", "1024 65535")

    def prefix(self):
        """What a command begins with to run inside."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def do(self, *words, text=None):
        """Runs a program inside, which must succeed; returns what it prints."""
        return command(*self.prefix(), *words, text=text)

    def set(self, name, value):
        """Writes a value under /proc/sys."""
        self.do("sh", "-c", f"echo '{value}' >/proc/sys/{name}")

    def flush_conntrack(self):
        """Empties the table of tracked connections."""
        self.do("conntrack", "-F")

    def delete(self):
        """Removes it, if it is there."""
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)

    def __enter__(self):
        self.create()
        return self

    def __exit__(self, *_):
        self.delete()


def command(*words, text=None):
    """Runs a program, which must succeed; returns what it prints."""
    done = run(*words, text=text)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def run(*words, text=None):
    """Runs a program; returns its exit code and output."""
    return subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True)
