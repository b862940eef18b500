"""Network namespaces, load on what is in them, and what that costs: for benchmarks of rules in the kernel (root)."""
