//! The addresses that an Ingress publishes in `status.loadBalancer.ingress`.

use std::collections::BTreeSet;

use kinglet_model::{IngressStatus, LoadBalancerIngress};

/// The status to write, or `None` when the current one is right.
///
/// Addresses are compared as a set: the order in which another writer put them is no reason to write. While
/// nothing is published (the load balancer of the proxy has no address yet) the status is left alone.
pub fn desired(published: &[LoadBalancerIngress], current: &IngressStatus) -> Option<IngressStatus> {
    // Each write comes back as a change of the Ingress: writing what is there already would go on for ever.
    if published.is_empty() || set(published) == set(&current.addresses) {
        return None;
    }
    let addresses = set(published)
        .into_iter()
        .map(|(ip, hostname)| LoadBalancerIngress {
            ip: ip.map(Into::into),
            hostname: hostname.map(Into::into),
            ..LoadBalancerIngress::default()
        });
    Some(IngressStatus {
        addresses: addresses.collect(),
    })
}

fn set(addresses: &[LoadBalancerIngress]) -> BTreeSet<(Option<&str>, Option<&str>)> {
    addresses
        .iter()
        .map(|address| (address.ip.as_deref(), address.hostname.as_deref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(ip: &str) -> LoadBalancerIngress {
        LoadBalancerIngress {
            ip: Some(ip.into()),
            ..LoadBalancerIngress::default()
        }
    }

    fn status(addresses: &[LoadBalancerIngress]) -> IngressStatus {
        IngressStatus {
            addresses: addresses.to_vec(),
        }
    }

    #[test]
    fn written_only_when_the_set_differs() {
        let (a, b) = (ip("192.0.2.1"), ip("192.0.2.2"));
        let both = [a.clone(), b.clone()];
        assert_eq!(desired(&both, &status(&[])), Some(status(&both)));
        assert_eq!(desired(&both, &status(&[b.clone(), a.clone()])), None);
        assert_eq!(
            desired(std::slice::from_ref(&b), &status(&both)),
            Some(status(std::slice::from_ref(&b)))
        );
        assert_eq!(desired(&[], &status(&both)), None);
        assert_eq!(desired(&[b.clone(), a, b], &status(&[])), Some(status(&both)));
    }
}
