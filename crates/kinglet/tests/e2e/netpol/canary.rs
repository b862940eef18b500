//! What the other tests wait for: that the changes that they made are in force.

use std::process::Command;

use super::world::World;
use crate::hello::eventually;
use crate::lab::is_possible;

/// Stops a process for some time, or lets it go on.
fn signal(pid: &str, name: &str) {
    let status = Command::new("kill").args([name, pid]).status();
    assert!(status.unwrap().success(), "{name} {pid}");
}

/// Changes rules of the node.
fn nft(world: &World, ruleset: &str) {
    let output = world.lab.act(&["node-exec", "node-1", "--", "nft", ruleset]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{ruleset}: {error}");
}

#[test]
fn a_canary_that_is_not_heard_has_not_turned() {
    if !is_possible() {
        return;
    }
    let mut world = World::new(1, &[]);
    let agent = world.lab.agent_pid("node-1");
    signal(&agent, "-STOP");
    // As on a machine that is too busy to answer in time.
    nft(
        &world,
        "add table inet silence; add chain inet silence c { type filter hook forward priority -10; }; \
         add rule inet silence c tcp dport { 80, 81 } drop",
    );
    let mut turned = Vec::new();
    for _ in 0..2 {
        world.change_turn();
        turned.push(world.turned().is_ok());
    }
    nft(&world, "delete table inet silence");
    signal(&agent, "-CONT");
    assert_eq!(turned, [false, false], "the agent had none of the changes");
    eventually(|| world.turned());
}
