//! The port that `--port` names, of a pod, a Service or an address.

use anyhow::{Context, Result, bail};
use kinglet_config::{PortChoice, TransportProtocol};
use kinglet_model::{NamedOrNumber, Pod, Protocol, Service, ServicePort};
use kinglet_policy::Transport;

/// The port of an address: by its number only.
pub(super) fn of_address(port: &PortChoice) -> Result<Transport> {
    match port {
        PortChoice::Number(port) => Ok(Transport::Port(protocol(port.protocol), port.port)),
        PortChoice::Name(name, _) => {
            bail!("--port {name}: an address has no names of ports; give the number")
        }
    }
}

/// The port of a pod. A name that stands for several needs a protocol.
pub(super) fn of_pod(port: &PortChoice, pod: &Pod) -> Result<Transport> {
    let PortChoice::Name(name, _) = port else {
        return of_address(port);
    };
    let mut found = named(port, pod);
    found.dedup();
    match found[..] {
        [one] => Ok(one),
        [] => bail!("--port {name}: the pod has no such port; it has {}", names(pod)),
        _ => bail!(
            "--port {name}: the pod has {}; add /tcp, /udp or /sctp, or give the number",
            list(&found)
        ),
    }
}

/// The ports of a pod that a name may stand for.
pub(super) fn named(port: &PortChoice, pod: &Pod) -> Vec<Transport> {
    match port {
        PortChoice::Number(port) => vec![Transport::Port(protocol(port.protocol), port.port)],
        PortChoice::Name(name, wanted) => {
            let fits = |one: Protocol| wanted.is_none_or(|wanted| protocol(wanted) == one);
            let ports = pod
                .named_ports
                .iter()
                .filter(|one| *one.name == **name && fits(one.protocol));
            ports
                .map(|one| Transport::Port(one.protocol, one.number))
                .collect()
        }
    }
}

/// The port of a Service.
pub(super) fn of_service<'a>(port: &PortChoice, service: &'a Service) -> Result<&'a ServicePort> {
    let fits = |one: &&ServicePort| match port {
        PortChoice::Number(port) => one.port == port.port && one.protocol == protocol(port.protocol),
        PortChoice::Name(name, wanted) => {
            *one.name == **name && wanted.is_none_or(|wanted| protocol(wanted) == one.protocol)
        }
    };
    let found = service.ports.iter().find(fits);
    found.with_context(|| {
        let all = service.ports.iter().map(|one| match &*one.name {
            "" => format!("{}/{}", one.port, one.protocol.as_lower()),
            name => format!("{name} ({}/{})", one.port, one.protocol.as_lower()),
        });
        let all = all.collect::<Vec<_>>().join(", ");
        format!("--port: the Service has no such port; it has {all}")
    })
}

/// The port of a pod to which a Service leads; nothing if the pod does not have that name.
pub(super) fn target(port: &ServicePort, pod: &Pod) -> Option<Transport> {
    match &port.target_port {
        None => Some(Transport::Port(port.protocol, port.port)),
        Some(NamedOrNumber::Number(number)) => Some(Transport::Port(port.protocol, *number)),
        Some(NamedOrNumber::Name(name)) => {
            let mut ports = pod.named_ports.iter();
            let found = ports.find(|one| one.name == *name && one.protocol == port.protocol);
            found.map(|one| Transport::Port(one.protocol, one.number))
        }
    }
}

fn protocol(protocol: TransportProtocol) -> Protocol {
    match protocol {
        TransportProtocol::Tcp => Protocol::Tcp,
        TransportProtocol::Udp => Protocol::Udp,
        TransportProtocol::Sctp => Protocol::Sctp,
    }
}

fn names(pod: &Pod) -> String {
    let ports = pod.named_ports.iter();
    let names: Vec<_> = ports
        .map(|one| format!("{} ({}/{})", one.name, one.number, one.protocol.as_lower()))
        .collect();
    if names.is_empty() {
        "none with a name".to_owned()
    } else {
        names.join(", ")
    }
}

fn list(ports: &[Transport]) -> String {
    let texts: Vec<_> = ports.iter().map(ToString::to_string).collect();
    texts.join(" and ")
}
