//! The rules of many Services, in the network namespace that it is started in: how long they take, and how
//! long changes of them take.
//!
//! ```text
//! l4_rules load SERVICES ENDPOINT              prints the first sync; the rules stay
//! l4_rules change SERVICES ENDPOINT CHANGES    also prints changes of each kind; the rules are removed
//! ```
//! One Service, [`cluster::balanced`], is served on the node's port 80 and leads to `ENDPOINT`, an address
//! and port; all others are there to be many. Prints JSON, times in milliseconds: `wall`, and `cpu` of this
//! process, which is where the kernel does its part, too.

#![allow(clippy::print_stdout, reason = "what it prints is its result")]

mod changes;
mod cluster;
mod cost;
mod node;

use std::error::Error;
use std::net::SocketAddrV4;

use serde_json::Value;

use node::Node;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["load", services, endpoint] => load(services.parse()?, endpoint.parse()?)?.1,
        ["change", services, endpoint, count] => {
            let (mut node, mut result) = load(services.parse()?, endpoint.parse()?)?;
            result["changes"] = changes::all(&mut node, services.parse()?, count.parse()?)?;
            node.clear()?;
            result
        }
        _ => return Err("see the beginning of main.rs for what it takes".into()),
    };
    println!("{result}");
    Ok(())
}

/// A node with this many Services, and what the first sync took.
fn load(services: u32, endpoint: SocketAddrV4) -> Result<(Node, Value), Box<dyn Error>> {
    let objects = cluster::objects(services, endpoint)?;
    let mut node = Node::open()?;
    let first = node.first_sync(objects)?;
    Ok((node, serde_json::json!({"first": first})))
}
