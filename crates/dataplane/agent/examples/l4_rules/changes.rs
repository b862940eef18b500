//! Changes of some Services among many.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddrV4};

use kinglet_model::Object;
use serde_json::{Value, json};

use crate::cluster::{balanced, other, pods};
use crate::cost::list;
use crate::node::{Change, Node};

/// This many changes of each kind, each of another Service.
pub(crate) fn all(node: &mut Node, services: u32, count: u32) -> Result<Value, Box<dyn Error>> {
    let numbers = || (0..count).map(|turn| 1 + spread(turn) % (services - 1));
    let endpoints = |node: &mut Node, generation, pool| {
        let costs = numbers().map(|number| set_endpoints(node, number, generation, pool));
        costs.collect::<Result<Vec<Change>, _>>()
    };
    let datagrams = (0..count).map(|turn| move_balanced(node, turn));
    let datagrams: Vec<Change> = datagrams.collect::<Result<_, _>>()?;
    let replaced = endpoints(node, 1, 3)?;
    let more = endpoints(node, 1, 4)?;
    let fewer = endpoints(node, 1, 3)?;
    let created: Result<Vec<Change>, _> = (0..count).map(|turn| create(node, services + turn)).collect();
    let deleted: Result<Vec<Change>, _> = (0..count).map(|turn| delete(node, services + turn)).collect();
    Ok(json!({
        "endpoint replaced": committed(&replaced),
        "endpoint more": committed(&more),
        "endpoint less": committed(&fewer),
        "Service new": committed(&created?),
        "Service deleted": committed(&deleted?),
        "endpoint for UDP replaced": committed(&datagrams),
        "and its connections forgotten": forgotten(&datagrams),
    }))
}

fn committed(changes: &[Change]) -> Value {
    list(changes.iter().map(|change| change.committed))
}

fn forgotten(changes: &[Change]) -> Value {
    list(changes.iter().map(|change| change.forgotten))
}

/// Numbers that are far from one another.
fn spread(turn: u32) -> u32 {
    turn.wrapping_mul(2_654_435_761)
}

fn set_endpoints(node: &mut Node, number: u32, generation: u32, pool: u32) -> Result<Change, Box<dyn Error>> {
    let member = other(number, &pods(number, generation, pool))?;
    node.change(|services| services.apply_endpoint_slice(member.slice))
}

/// Changes the only endpoint of the balanced Service, whose connections over UDP are to be deleted.
fn move_balanced(node: &mut Node, turn: u32) -> Result<Change, Box<dyn Error>> {
    let endpoint = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 42, 0, 100)) + turn % 2);
    let member = balanced(SocketAddrV4::new(endpoint, 8080))?;
    node.change(|services| services.apply_endpoint_slice(member.slice))
}

fn create(node: &mut Node, number: u32) -> Result<Change, Box<dyn Error>> {
    let member = other(number, &pods(number, 0, 3))?;
    node.change(|services| {
        services.apply_service(member.service);
        services.apply_endpoint_slice(member.slice);
    })
}

fn delete(node: &mut Node, number: u32) -> Result<Change, Box<dyn Error>> {
    let member = other(number, &pods(number, 0, 3))?;
    node.change(|services| {
        services.remove_service(&member.service.object_name());
        services.remove_endpoint_slice(&member.slice.object_name());
    })
}
