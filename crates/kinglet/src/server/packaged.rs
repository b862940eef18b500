//! Objects that Kinglet itself brings, the same from each server: the IngressClass.

use kinglet_kube::apply::{ApplyError, apply};
use kinglet_kube::{Change, Client, Inputs, Next, Reconciler, Reflectors, Source};
use kinglet_model::{IngressClass, ObjectName};
use kinglet_telemetry::Gate;
use serde_json::{Value, json};

/// Field manager of what is packaged.
const MANAGER: &str = "kinglet-addons";
/// The class that K3s' Traefik has.
const CLASS: &str = "traefik";

/// The class as default, so that Ingresses written for K3s work unchanged.
fn ingress_class() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {
            "name": CLASS,
            "annotations": {kinglet_model::wellknown::ANNOTATION_IS_DEFAULT_CLASS: "true"},
        },
        "spec": {"controller": kinglet_model::wellknown::INGRESS_CONTROLLER},
    })
}

/// Applies the IngressClass at the start, and again when it is gone; what users change in it meanwhile stays.
pub(super) struct ClassKeeper {
    client: Client,
    gate: Gate,
    exists: bool,
    is_applied: bool,
}

impl ClassKeeper {
    /// Opens `gate` after the first attempt: an API server that refuses the class is no reason not to serve.
    pub(super) fn new(reflectors: &Reflectors, gate: Gate) -> (Self, Classes) {
        let mut inputs = Inputs::new();
        inputs.watch(&reflectors.of(), Some);
        let keeper = Self {
            client: reflectors.client().clone(),
            gate,
            exists: false,
            is_applied: false,
        };
        let has_started = false;
        (keeper, Classes { inputs, has_started })
    }
}

/// Changes of IngressClasses, after the news that the keeper runs: in an empty cluster there would be none.
pub(super) struct Classes {
    inputs: Inputs<Option<Change<IngressClass>>>,
    has_started: bool,
}

impl Source for Classes {
    type Change = Option<Change<IngressClass>>;

    async fn next(&mut self) -> Vec<Self::Change> {
        if !std::mem::replace(&mut self.has_started, true) {
            return vec![None];
        }
        self.inputs.next().await
    }

    fn is_synced(&self) -> bool {
        self.inputs.is_synced()
    }
}

impl Reconciler for ClassKeeper {
    type Change = Option<Change<IngressClass>>;
    type Key = ObjectName;
    type Plan = ();
    type Error = ApplyError;

    const FAILED: &'static str = "cannot apply the packaged IngressClass";

    fn observe(&mut self, change: Self::Change) -> Vec<ObjectName> {
        let class = ObjectName::cluster(CLASS);
        match change {
            Some(change) if change.name() != class => Vec::new(),
            change => {
                self.exists = change.and_then(Change::now).is_some();
                vec![class]
            }
        }
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, ())> {
        if self.exists && self.is_applied {
            return Vec::new();
        }
        due.into_iter().map(|class| (class, ())).collect()
    }

    async fn apply(&self, _class: &ObjectName, _plan: &mut ()) -> Result<Next, ApplyError> {
        apply(&self.client, &ingress_class(), MANAGER).await?;
        Ok(Next::Done)
    }

    fn settle(&mut self, _class: &ObjectName, _plan: (), result: &Result<Next, ApplyError>) {
        self.is_applied |= result.is_ok();
        self.gate.open();
    }
}
