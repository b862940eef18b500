//! The load of `bench/run l4`: connections, datagrams and a stream to one address, and the server that
//! answers all of them.
//!
//! ```text
//! l4_load serve PORT
//! l4_load ask-tcp ADDRESS:PORT                           whom the server sees
//! l4_load ask-udp ADDRESS:PORT
//! l4_load tcp-connections ADDRESS:PORT COUNT FIRST       each from a port of its own: FIRST, FIRST + 1, ...
//! l4_load udp-flows ADDRESS:PORT COUNT FIRST             the same with datagrams
//! l4_load udp-roundtrips ADDRESS:PORT COUNT              all from one port
//! l4_load stream ADDRESS:PORT MILLISECONDS
//! ```
//! Prints JSON. Times are in seconds; `cpu_seconds` is the CPU time of this process while the load lasted.

#![allow(clippy::print_stdout, reason = "what it prints is its result")]

mod report;
mod serve;
mod stream;
mod tcp;
mod udp;

use std::error::Error;
use std::net::SocketAddrV4;
use std::time::Duration;

/// How many connections or datagrams are under way at once.
const TOGETHER: usize = 16;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Begins a stream.
const STREAM: u8 = b's';
/// Asks for an octet.
const OCTET: u8 = b'.';
/// Asks whom the server sees.
const WHO: u8 = b'?';

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let to = |text: &str| text.parse::<SocketAddrV4>();
    let result = match arguments.as_slice() {
        ["serve", port] => return Ok(serve::serve(port.parse()?)?),
        ["ask-tcp", address] => serde_json::json!({"address": tcp::ask(to(address)?)?}),
        ["ask-udp", address] => serde_json::json!({"address": udp::ask(to(address)?)?}),
        ["tcp-connections", address, count, first] => {
            tcp::connections(to(address)?, count.parse()?, first.parse()?)?
        }
        ["udp-flows", address, count, first] => udp::flows(to(address)?, count.parse()?, first.parse()?)?,
        ["udp-roundtrips", address, count] => udp::roundtrips(to(address)?, count.parse()?)?,
        ["stream", address, milliseconds] => {
            stream::send(to(address)?, Duration::from_millis(milliseconds.parse()?))?
        }
        _ => return Err("see the beginning of main.rs for what it takes".into()),
    };
    println!("{result}");
    Ok(())
}
