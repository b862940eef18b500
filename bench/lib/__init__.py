"""The benchmarks of bench/run, and what they share."""
