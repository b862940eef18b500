//! The core and the kernel together, as the agent uses them.

use std::error::Error;

use kinglet_nft::{Batch, Connection, Conntrack, Family, Filter, Table};
use kinglet_policy::{Policies, PolicySettings, TABLE};
use serde_json::{Value, json};

use crate::cluster::{NODE, Objects, PODS};
use crate::cost::{Cost, measured};

/// A node that enforces policies.
pub(crate) struct Node {
    kernel: Connection,
    tracked: Conntrack,
    policies: Policies,
    /// The agent has them, too.
    objects: Option<Objects>,
}

impl Node {
    pub(crate) fn open() -> Result<Self, Box<dyn Error>> {
        let settings = PolicySettings {
            node: NODE.into(),
            cluster_cidrs: vec![PODS.parse()?],
            ..PolicySettings::default()
        };
        let mut kernel = Connection::open()?;
        let ownership = kernel.ownership()?;
        Ok(Self {
            kernel,
            tracked: Conntrack::open()?,
            policies: Policies::new(settings, ownership),
            objects: None,
        })
    }

    /// Takes the objects, computes all rules and commits them.
    pub(crate) fn first_sync(&mut self, objects: Objects) -> Result<Value, Box<dyn Error>> {
        let (batch, compute) = measured(|| {
            for namespace in &objects.namespaces {
                self.policies.apply_namespace(namespace);
            }
            for policy in &objects.policies {
                self.policies.apply_policy(policy);
            }
            for pod in &objects.pods {
                self.policies.apply_pod(pod.clone());
            }
            Ok::<_, Box<dyn Error>>(self.policies.replacement())
        })?;
        let ((), commit) = measured(|| Ok::<_, Box<dyn Error>>(self.commit(&batch)?))?;
        self.objects = Some(objects);
        Ok(json!({"compute": compute.json(), "commit": commit.json()}))
    }

    /// Takes objects of the first sync, without a measurement.
    pub(crate) fn apply(
        &mut self,
        apply: impl FnOnce(&mut Policies) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        apply(&mut self.policies)?;
        let batch = self.policies.replacement();
        Ok(self.commit(&batch)?)
    }

    /// Changes objects, and brings the kernel up to date as the agent does.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Policies)) -> Result<Cost, Box<dyn Error>> {
        let ((), cost) = measured(|| {
            change(&mut self.policies);
            loop {
                let additions = self.policies.additions();
                self.commit(&additions)?;
                let changes = self.policies.changes();
                self.commit(&changes)?;
                if !self.policies.is_behind() {
                    return Ok::<_, Box<dyn Error>>(());
                }
            }
        })?;
        Ok(cost)
    }

    /// Removes what the last change left, which takes two sweeps.
    pub(crate) fn sweep(&mut self) -> Result<Cost, Box<dyn Error>> {
        self.change(|policies| {
            policies.sweep();
            policies.sweep();
        })
    }

    /// Lists the tracked connections, as the agent does after a change that forbids something.
    pub(crate) fn look(&mut self) -> Result<Cost, Box<dyn Error>> {
        let (_, cost) = measured(|| Ok::<_, Box<dyn Error>>(self.tracked.entries(&Filter::all())?))?;
        Ok(cost)
    }

    /// Compares the kernel's rules with what they should be, as the agent does every few minutes.
    pub(crate) fn compare(&mut self) -> Result<Cost, Box<dyn Error>> {
        let (differences, cost) = measured(|| {
            let wanted = self.policies.ruleset();
            Ok::<_, Box<dyn Error>>(self.kernel.differences(&wanted)?)
        })?;
        if differences.is_empty() {
            Ok(cost)
        } else {
            Err(format!("the kernel has other rules: {differences:?}").into())
        }
    }

    /// How many rules there are.
    pub(crate) fn size(&self) -> Value {
        let size = self.policies.rules().size();
        json!({"isolated": size.isolated, "profiles": size.profiles, "sets": size.sets})
    }

    /// Removes the rules.
    pub(crate) fn clear(&mut self) -> Result<(), Box<dyn Error>> {
        let table = Table::new(Family::Inet, TABLE).ownership(self.kernel.ownership()?);
        let mut batch = Batch::new();
        batch.add_table(&table).delete_table(&table);
        Ok(self.commit(&batch)?)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), kinglet_nft::Error> {
        if batch.is_empty() {
            return Ok(());
        }
        self.kernel.commit(batch)
    }
}
