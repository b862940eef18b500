//! The rules of many pods and policies, in the network namespace that it is started in: how long they take,
//! and how long changes of them take.
//!
//! ```text
//! netpol_rules objects PODS LOCAL            prints the cluster's objects as the API would, as lists
//! netpol_rules load PODS LOCAL               prints the first sync; the rules stay
//! netpol_rules change PODS LOCAL CHANGES     also prints changes and memory; the rules are removed
//! netpol_rules many POLICIES                 prints changes of a pod that so many policies select
//! ```
//! There are as many policies as pods, see [`cluster`]; of the pods, `LOCAL` are on the node. Prints JSON,
//! times in milliseconds: `wall`, and `cpu` of this process, which is where the kernel does its part, too.

#![allow(clippy::print_stdout, reason = "what it prints is its result")]

mod changes;
mod cluster;
#[path = "../../../dataplane/agent/examples/l4_rules/cost.rs"]
mod cost;
mod many;
mod memory;
mod node;

use std::error::Error;

use serde_json::{Value, json};

use cluster::Cluster;
use node::Node;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let cluster = |pods: &str, local: &str| Cluster::new(pods.parse()?, local.parse()?);
    let result = match arguments.as_slice() {
        ["objects", pods, local] => cluster(pods, local)?.api(),
        ["load", pods, local] => load(&cluster(pods, local)?)?.1,
        ["change", pods, local, count] => change(&cluster(pods, local)?, count.parse()?)?,
        ["many", count] => many::all(count.parse()?)?,
        _ => return Err("see the beginning of main.rs for what it takes".into()),
    };
    println!("{result}");
    Ok(())
}

/// A node in the cluster, and what the first sync took.
fn load(cluster: &Cluster) -> Result<(Node, Value), Box<dyn Error>> {
    let objects = cluster.objects()?;
    let mut node = Node::open()?;
    let first = node.first_sync(objects)?;
    Ok((node, json!({"first": first})))
}

fn change(cluster: &Cluster, count: usize) -> Result<Value, Box<dyn Error>> {
    let before = memory::resident()?;
    let (mut node, mut result) = load(cluster)?;
    result["memory"] = json!({"before": before, "synced": memory::resident()?});
    result["size"] = node.size();
    result["changes"] = changes::all(&mut node, cluster, count)?;
    result["memory"]["changed"] = json!(memory::resident()?);
    node.clear()?;
    Ok(result)
}
