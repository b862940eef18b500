"""What the benchmarks of kernel rules share: topologies of network namespaces, load, and CPU time (root).

- `namespace`, `topology`: what packets cross
- `contender`: one set of rules, or a proxy, in a topology
- `load`, `cpu`: what a load on a contender costs
- `rounds`: several contenders in turn
- `changes`: how long rules take to load
"""
