//! Where objects come from.

use std::sync::Arc;

use kinglet_dataplane::{Services, Shares};
use kinglet_kube::{Change, Inputs, Kind, Reflector, Reflectors};
use kinglet_model::{EndpointSlice, Node, Object as _, Pod, Service};
use kinglet_telemetry::Lag;
use tokio::sync::watch;

/// The kinds that the agent watches.
pub const KINDS: &[Kind] = &[
    Kind::of::<Service>(),
    Kind::of::<EndpointSlice>(),
    Kind::of::<Node>(),
    Kind::of::<Pod>(),
];

/// Where objects come from.
#[derive(Clone)]
pub struct Sources {
    /// All Services.
    pub services: Reflector<Service>,
    /// All EndpointSlices.
    pub slices: Reflector<EndpointSlice>,
    /// All Nodes, or at least the own one.
    pub nodes: Reflector<Node>,
    /// All Pods, or at least those of the own node.
    pub pods: Reflector<Pod>,
    /// The node's part of load balancers, where it has one; nothing as long as it is not known.
    pub shares: Option<watch::Receiver<Option<Arc<Shares>>>>,
}

impl Sources {
    /// Watches [`KINDS`]; the node has no part of load balancers.
    pub fn of(reflectors: &Reflectors) -> Self {
        Self {
            services: reflectors.of(),
            slices: reflectors.of(),
            nodes: reflectors.of(),
            pods: reflectors.of(),
            shares: None,
        }
    }

    /// All changes of objects, of all kinds.
    pub(crate) fn inputs(&self, lag: Lag) -> Inputs<Input> {
        let mut inputs = Inputs::measured(lag);
        inputs.watch(&self.services, Input::Service);
        inputs.watch(&self.slices, Input::Slice);
        inputs.watch(&self.nodes, Input::Node);
        inputs.watch(&self.pods, Input::Pod);
        inputs
    }
}

/// A change of an object.
#[derive(Debug)]
pub(crate) enum Input {
    Service(Change<Service>),
    Slice(Change<EndpointSlice>),
    Node(Change<Node>),
    Pod(Change<Pod>),
}

impl Input {
    /// Takes the change into the core.
    pub(crate) fn apply(self, services: &mut Services) {
        match self {
            Self::Service(Change::Applied(service)) => services.apply_service(service),
            Self::Service(Change::Deleted(service)) => services.remove_service(&service.object_name()),
            Self::Slice(Change::Applied(slice)) => services.apply_endpoint_slice(slice),
            Self::Slice(Change::Deleted(slice)) => services.remove_endpoint_slice(&slice.object_name()),
            Self::Node(Change::Applied(node)) => services.apply_node(&node),
            Self::Node(Change::Deleted(node)) => services.remove_node(&node),
            Self::Pod(Change::Applied(pod)) => services.apply_pod(&pod),
            Self::Pod(Change::Deleted(pod)) => services.remove_pod(&pod),
        }
    }
}
