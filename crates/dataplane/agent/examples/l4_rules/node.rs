//! The core and the kernel together, as the agent uses them.

use std::error::Error;
use std::sync::Arc;

use kinglet_dataplane::{DataplaneSettings, Services, Shares};
use kinglet_dataplane_agent::Kernel;
use kinglet_model::{Object, Protocol};
use serde_json::{Value, json};

use crate::cluster::{Member, NODE, PODS, PORT};
use crate::cost::{Cost, measured};

/// A node that serves Services.
pub(crate) struct Node {
    services: Services,
    kernel: Kernel,
}

/// What a change took.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    /// Until the kernel acknowledged the new rules.
    pub(crate) committed: Cost,
    /// From then until tracked connections that do not fit any more were deleted.
    pub(crate) forgotten: Cost,
}

impl Node {
    pub(crate) fn open() -> Result<Self, Box<dyn Error>> {
        let settings = DataplaneSettings {
            node: NODE.into(),
            cluster_cidrs: vec![PODS.parse()?],
            ..DataplaneSettings::default()
        };
        let mut kernel = Kernel::open()?;
        let services = Services::new(settings, kernel.ownership()?);
        Ok(Self { services, kernel })
    }

    /// Takes the objects, the first of which is the balanced Service, computes all rules and commits them.
    pub(crate) fn first_sync(&mut self, objects: Vec<Member>) -> Result<Value, Box<dyn Error>> {
        let ports = [(Protocol::Tcp, PORT), (Protocol::Udp, PORT)];
        let balanced = objects.first().map(|member| member.service.object_name());
        let shares: Shares = balanced.into_iter().map(|name| (name, ports.into())).collect();
        let (batch, compute) = measured(|| {
            self.services.set_shares(Arc::new(shares));
            for member in objects {
                self.services.apply_service(member.service);
                self.services.apply_endpoint_slice(member.slice);
            }
            Ok::<_, Box<dyn Error>>(self.services.replacement())
        })?;
        let ((), commit) = measured(|| Ok::<_, Box<dyn Error>>(self.kernel.commit(&batch)?))?;
        Ok(json!({"compute": compute.json(), "commit": commit.json()}))
    }

    /// Changes objects, and brings the kernel up to date as the agent does.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Services)) -> Result<Change, Box<dyn Error>> {
        let (stale, committed) = measured(|| {
            change(&mut self.services);
            let batches = self.services.batches();
            for batch in &batches {
                self.kernel.commit(batch)?;
            }
            Ok::<_, Box<dyn Error>>(self.services.take_stale())
        })?;
        let (_, forgotten) = measured(|| Ok::<_, Box<dyn Error>>(self.kernel.delete_stale(&stale)?))?;
        Ok(Change { committed, forgotten })
    }

    /// Removes the rules.
    pub(crate) fn clear(&mut self) -> Result<(), Box<dyn Error>> {
        Ok(self.kernel.remove()?)
    }
}
