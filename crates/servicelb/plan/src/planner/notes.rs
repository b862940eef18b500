//! The Events of a change of the status.

use super::step::Note;
use crate::allocation::Assignment;
use crate::problem::Problem;
use crate::status::{self, Status};

/// The Events of a change. A cause is reported when it appears, not again while it lasts.
pub(super) fn notes(from: &Status, to: &Status, assignment: &Assignment, problems: &[Problem]) -> Vec<Note> {
    let mut notes = lost(from, to);
    let (old, new) = (from.addresses(), to.addresses());
    if !to.ingress.is_empty() && old != new {
        let text = format!("Updated LoadBalancer with new IPs: {old} -> {new}");
        notes.push(Note::normal("UpdatedLoadBalancer", text));
    }
    if from.condition == to.condition {
        return notes;
    }
    let message = to.condition.as_ref().map(|one| &*one.message).unwrap_or_default();
    if to.ingress.is_empty() {
        let text = format!("There are no available nodes for LoadBalancer: {message}");
        notes.push(Note::warning("UnAvailableLoadBalancer", text));
    } else {
        let taken = status::taken(assignment).map(|taken| Note::warning("PortInUse", taken));
        let refused = status::refused(assignment).map(|refused| Note::warning("RulesRefused", refused));
        notes.extend(taken.into_iter().chain(refused));
    }
    for problem in problems {
        let text = format!("Error syncing load balancer: {problem}");
        notes.push(Note::warning("SyncLoadBalancerFailed", text));
    }
    notes
}

/// The Event of ports that others have.
pub(super) fn lost(from: &Status, to: &Status) -> Vec<Note> {
    let lost = to.ports.iter().filter(|_| from.ports != to.ports);
    lost.map(|condition| Note::warning("PortInUse", &*condition.message))
        .collect()
}
