//! The watched kinds, reduced to what the workload controllers use.

mod condition;
mod daemonset;
mod deployment;
mod node;
mod owner;
mod pod;
mod quantity;
mod replicaset;
mod spec;
mod statefulset;
mod wire;

pub(super) use self::condition::{Condition, condition};
pub(super) use self::daemonset::{DaemonSet, DaemonSetStatus};
pub(super) use self::deployment::{Deployment, DeploymentStatus, Strategy};
pub(super) use self::node::{Lease, Node, Taint};
pub(super) use self::owner::{OwnedMeta, Owner};
pub(super) use self::pod::Pod;
pub(super) use self::quantity::Resources;
pub(super) use self::replicaset::{ReplicaSet, ReplicaSetStatus};
pub(super) use self::spec::{HostPort, PodSpec, PodTerm, Spread, Toleration};
pub(super) use self::statefulset::{StatefulSet, StatefulSetStatus};

use kinglet_model::Selector;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads `null` as the type's default: API servers write `null` for some empty fields.
fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A `LabelSelector`; a missing or invalid one, which an API server does not let pass, selects nothing.
fn selector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Selector>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(Selector::from_label_selector(&value).ok().flatten())
}

/// A field whose zero value is not written.
fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// Declares that a type is a kind of the API.
macro_rules! kind {
    ($type:ty, $group:literal, $version:literal, $kind:literal, $plural:literal, $namespaced:literal) => {
        impl kinglet_model::Object for $type {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = $version;
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            const NAMESPACED: bool = $namespaced;

            fn meta(&self) -> &kinglet_model::Meta {
                &self.metadata
            }
        }
    };
}
use kind;
