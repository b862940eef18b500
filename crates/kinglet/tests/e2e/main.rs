//! Tests of the `kinglet` binary as its users run it: its command line, kubectl, DNS and HTTP over sockets, restarts.

mod command_line;
mod dns;
mod durability;
mod hello;
mod ingress;
mod kubectl;
mod python;
mod server;
mod tools;
mod transcript;
