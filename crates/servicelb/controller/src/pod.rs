//! The program of a DaemonSet's Pod (`kinglet lb`): takes a port of the Pod, which the node forwards there,
//! and forwards it to the Service.
//!
//! Each container of the Pod has a table of its own in the network namespace that they share, and replaces it
//! in one step when it starts again. When the Pod goes, so does its namespace.
//!
//! ```no_run
//! use kinglet_servicelb::pod::apply;
//! use kinglet_servicelb_plan::pod::Forwarding;
//!
//! let forwarding = Forwarding::from_variables(|name| std::env::var(name).ok())?;
//! apply(&forwarding)?;
//! // and then wait for the signal to end
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::Path;

use kinglet_model::Protocol;
use kinglet_nft::{Change, Connection, Conntrack, Error, Filter};
use kinglet_servicelb_plan::pod::{Forwarding, ruleset};
use tracing::{info, warn};

/// Why a forwarding could not be put into effect.
#[derive(Debug, thiserror::Error)]
#[error("cannot forward {protocol} port {port}: {source}; the capability NET_ADMIN is needed", protocol = protocol.as_lower())]
pub struct ApplyError {
    protocol: Protocol,
    port: u16,
    source: Error,
}

/// Puts a forwarding into effect in the network namespace of the calling thread, where it stays. What an
/// earlier run put there is replaced in the same step.
pub fn apply(forwarding: &Forwarding) -> Result<(), ApplyError> {
    let failed = |source| ApplyError {
        protocol: forwarding.protocol,
        port: forwarding.port,
        source,
    };
    let mut connection = Connection::open().map_err(failed)?;
    connection
        .commit(&ruleset(forwarding).replace())
        .map_err(failed)?;
    // NAT is decided by the first packet of a connection. A TCP client connects anew; a UDP or SCTP client
    // that goes on sending would keep its entry, and never be translated.
    if forwarding.protocol != Protocol::Tcp {
        match delete_untranslated(forwarding) {
            Ok(count) => info!(
                count,
                "deleted conntrack entries of clients that sent before the rules were there"
            ),
            // The rules are in force all the same; such entries end with their time-outs.
            Err(error) => {
                warn!(%error, "cannot delete conntrack entries from before the rules; such clients are not forwarded while they go on sending");
            }
        }
    }
    warn_unless_forwarding(forwarding);
    Ok(())
}

/// Deletes the entries of clients that reached the port before it was translated; answers how many.
fn delete_untranslated(forwarding: &Forwarding) -> Result<usize, Error> {
    // Protocol numbers (IANA).
    let number = match forwarding.protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    };
    let filter = Filter::all().protocol(number).to_service(None, forwarding.port);
    let mut conntrack = Conntrack::open()?;
    let entries = conntrack.entries(&filter)?.into_iter();
    // The reply comes from where the request went: no DNAT took place.
    let untranslated = entries.filter(|entry| entry.reply.source == entry.original.destination);
    conntrack.apply(&untranslated.map(Change::Delete).collect::<Vec<_>>())
}

/// Warns if the sysctls that the Pod's `securityContext.sysctls` should have set are not.
fn warn_unless_forwarding(forwarding: &Forwarding) {
    let any = |v6| {
        forwarding
            .destinations
            .iter()
            .any(|address| address.is_ipv6() == v6)
    };
    let switches = [
        ("net/ipv4/ip_forward", false),
        ("net/ipv6/conf/all/forwarding", true),
    ];
    for (name, _) in switches.into_iter().filter(|(_, v6)| any(*v6)) {
        let value = std::fs::read_to_string(Path::new("/proc/sys").join(name)).unwrap_or_default();
        if value.trim() != "1" {
            warn!(
                "sysctl {} is not 1, so nothing is forwarded in this family; the kubelet must allow it (allowed-unsafe-sysctls)",
                name.replace('/', ".")
            );
        }
    }
}
