//! The rules in a kernel, with real connections. Each test has network namespaces of its own; root is needed.

mod namespace;
mod objects;
mod paths;
mod servers;
mod world;
