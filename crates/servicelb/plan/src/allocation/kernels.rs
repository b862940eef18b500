//! Which Services the kernels of nodes are known to have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::ObjectName;

use super::assignment::{Assignment, Kernel};
use crate::kernel::{Entry, GROUPS, KernelReport, Sums};
use crate::settings::Mode;
use crate::view::View;

pub(super) type Assignments = BTreeMap<ObjectName, Assignment>;

/// What nodes are to serve, and what of it their agents have reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kernels {
    nodes: BTreeMap<Arc<str>, Site>,
    /// Services by the group of their entry.
    groups: BTreeMap<usize, BTreeSet<ObjectName>>,
    /// What has changed since it was last [`settle`](Self::settle)d.
    changed: BTreeMap<Arc<str>, Changed>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Site {
    /// Of the share that the node is to serve.
    sums: Sums,
    /// The last report.
    report: Option<KernelReport>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Changed {
    /// Groups with other sums.
    groups: BTreeSet<usize>,
    /// Services that the node did not have to serve before, or with other ports.
    services: BTreeSet<ObjectName>,
}

impl Kernels {
    /// A Service is ours.
    pub(super) fn enter(&mut self, name: &ObjectName, entry: Entry) {
        let group = self.groups.entry(entry.group()).or_default();
        group.insert(name.clone());
    }

    /// A Service is no longer ours, or has other ports.
    pub(super) fn leave(&mut self, name: &ObjectName, assignment: &Assignment) {
        let group = assignment.entry.group();
        if let Some(names) = self.groups.get_mut(&group) {
            names.remove(name);
            if names.is_empty() {
                self.groups.remove(&group);
            }
        }
        for node in assignment.nodes() {
            self.remove(node, assignment.entry);
        }
    }

    /// A node is to serve a Service.
    pub(super) fn add(&mut self, node: &Arc<str>, name: &ObjectName, entry: Entry) {
        let changed = self.changed.entry(node.clone()).or_default();
        changed.services.insert(name.clone());
        changed.groups.insert(entry.group());
        self.nodes.entry(node.clone()).or_default().sums.add(entry);
    }

    /// A node is not to serve a Service any more.
    pub(super) fn remove(&mut self, node: &Arc<str>, entry: Entry) {
        let changed = self.changed.entry(node.clone()).or_default();
        changed.groups.insert(entry.group());
        self.nodes.entry(node.clone()).or_default().sums.remove(entry);
    }

    /// Compares what has changed with the reports of agents. Answers the Services of which something else is
    /// known now.
    pub(super) fn settle(&mut self, view: &View, services: &mut Assignments) -> Vec<ObjectName> {
        let mut due = Vec::new();
        for (node, changed) in std::mem::take(&mut self.changed) {
            let mut names = changed.services;
            if let (Some(site), Some(report)) = (self.nodes.get(&node), view.kernel(&node)) {
                let there = changed
                    .groups
                    .iter()
                    .filter(|group| report.has(&site.sums, **group));
                names.extend(
                    there
                        .flat_map(|group| self.in_group(*group, report.groups()))
                        .cloned(),
                );
            }
            due.extend(self.judge(view, &node, names, services));
        }
        due
    }

    /// A node is to serve a Service, as who begins anew finds it.
    pub(super) fn count(&mut self, node: &Arc<str>, entry: Entry) {
        self.nodes.entry(node.clone()).or_default().sums.add(entry);
    }

    /// Says of all Services on a node what is known, with what was known before.
    pub(super) fn begin(
        &mut self,
        view: &View,
        node: &Arc<str>,
        services: &mut Assignments,
        before: &Assignments,
    ) {
        self.nodes.entry(node.clone()).or_default().report = view.kernel(node).cloned();
        for (name, assignment) in services {
            if assignment.kernel(node).is_none() {
                continue;
            }
            let known = before.get(name).and_then(|before| before.known(assignment, node));
            let kernel = self.known(view, node, name, assignment, known.unwrap_or_default());
            assignment.confirm(node, kernel);
        }
    }

    /// Takes a new report. Answers the Services of which something else is known now.
    pub(super) fn report(
        &mut self,
        view: &View,
        node: &Arc<str>,
        services: &mut Assignments,
    ) -> Vec<ObjectName> {
        let now = view.kernel(node);
        let site = self.nodes.entry(node.clone()).or_default();
        let before = std::mem::replace(&mut site.report, now.cloned());
        let (site, all) = (&*site, || services.keys().cloned().collect());
        let news = now
            .zip(before.as_ref())
            .and_then(|(now, before)| now.since(before));
        let names: BTreeSet<ObjectName> = match (news, now) {
            (Some((groups, mut names)), Some(now)) => {
                let groups: Vec<usize> = groups
                    .into_iter()
                    .filter(|group| now.has(&site.sums, *group))
                    .collect();
                let there = groups
                    .iter()
                    .flat_map(|group| self.in_group(*group, now.groups()));
                names.extend(there.cloned());
                names
            }
            _ => all(),
        };
        self.judge(view, node, names, services)
    }

    /// The Services of a group where there are only so many.
    fn in_group(&self, group: usize, groups: usize) -> impl Iterator<Item = &ObjectName> {
        let groups = groups.max(1);
        let all = (group % groups..GROUPS).step_by(groups);
        all.filter_map(|group| self.groups.get(&group)).flatten()
    }

    /// Says anew what is known of Services on a node. Answers those of which it was something else.
    fn judge(
        &self,
        view: &View,
        node: &Arc<str>,
        names: BTreeSet<ObjectName>,
        services: &mut Assignments,
    ) -> Vec<ObjectName> {
        let judged = names.into_iter().filter(|name| {
            let Some(assignment) = services.get_mut(name) else {
                return false;
            };
            let Some(before) = assignment.kernel(node) else {
                return false;
            };
            let kernel = self.known(view, node, name, assignment, before);
            assignment.confirm(node, kernel)
        });
        judged.collect()
    }

    fn known(
        &self,
        view: &View,
        node: &Arc<str>,
        name: &ObjectName,
        assignment: &Assignment,
        before: Kernel,
    ) -> Kernel {
        let is_published = || view.is_published(&assignment.service, node);
        let report = view.kernel(node);
        let sums = self.nodes.get(node).map(|site| &site.sums);
        match report.zip(sums) {
            // There the Pods serve, and agents only until those are ready.
            _ if view.mode == Mode::DaemonSet => Kernel::Confirmed,
            Some((report, _)) if report.refuses(name) => Kernel::Refused,
            Some((report, sums)) if report.has(sums, assignment.entry.group()) => Kernel::Confirmed,
            // Some Service of its group has changed, here or there. It is not known which; what was there is
            // not taken from clients for that.
            Some(_) if before == Kernel::Confirmed => before,
            _ if is_published() => Kernel::Published,
            _ => Kernel::Pending,
        }
    }
}
