//! How a pod finds names: `dnsPolicy`, `dnsConfig`, `hostAliases`. Pure.

use crate::place::Resolver;

use super::context::Cluster;
use super::spec::{DnsPolicy, Pod};

/// The resolver of a pod. A pod that takes its node's has none: nodes of the lab find no names.
pub(crate) fn resolver(pod: &Pod, cluster: &Cluster) -> Resolver {
    let spec = &pod.spec;
    let of_cluster = match spec.dns_policy {
        DnsPolicy::ClusterFirst => !spec.host_network,
        DnsPolicy::ClusterFirstWithHostNet => true,
        DnsPolicy::Default | DnsPolicy::None => false,
    };
    let mut resolver = Resolver::default();
    if of_cluster {
        let (namespace, domain) = (&pod.metadata.namespace, &cluster.domain);
        resolver.servers.clone_from(&cluster.dns);
        resolver.search = vec![
            format!("{namespace}.svc.{domain}"),
            format!("svc.{domain}"),
            domain.clone(),
        ];
        // As a kubelet writes it: names with fewer dots, such as `web.shop.svc`, are tried with the search
        // list first.
        resolver.options = vec!["ndots:5".to_owned()];
    }
    resolver.servers.extend(&spec.dns_config.nameservers);
    resolver.search.extend(spec.dns_config.searches.iter().cloned());
    for option in &spec.dns_config.options {
        let text = match &option.value {
            Some(value) => format!("{}:{value}", option.name),
            None => option.name.clone(),
        };
        resolver
            .options
            .retain(|known| known.split(':').next() != Some(option.name.as_str()));
        resolver.options.push(text);
    }
    resolver.hosts = spec
        .host_aliases
        .iter()
        .map(|alias| (alias.ip, alias.hostnames.clone()))
        .collect();
    resolver
}

/// The host name that programs of a pod see: `spec.hostname`, else the pod's name, at most 63 characters.
pub(crate) fn hostname(pod: &Pod) -> String {
    let name = pod.spec.hostname.as_deref().unwrap_or(&pod.metadata.name);
    name.chars()
        .take(63)
        .collect::<String>()
        .trim_end_matches(['-', '.'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use serde_json::json;

    use super::*;

    fn of(spec: serde_json::Value) -> Resolver {
        let pod: Pod =
            serde_json::from_value(json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec}))
                .unwrap();
        let cluster = Cluster {
            dns: vec![IpAddr::from([10, 43, 0, 10])],
            domain: "cluster.local".to_owned(),
            variables: Vec::new(),
        };
        resolver(&pod, &cluster)
    }

    #[test]
    fn policies() {
        let usual = of(json!({}));
        assert_eq!(usual.servers, [IpAddr::from([10, 43, 0, 10])]);
        assert_eq!(usual.search[0], "shop.svc.cluster.local");
        assert!(of(json!({"hostNetwork": true})).servers.is_empty());
        let with_host = of(json!({"hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet"}));
        assert_eq!(with_host.servers.len(), 1);
        let own = of(
            json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.1.1.1"], "searches": ["x.test"]}}),
        );
        assert_eq!(
            (own.servers.len(), own.search.as_slice()),
            (1, &["x.test".to_owned()][..])
        );
        let changed = of(json!({"dnsConfig": {"options": [{"name": "ndots", "value": "1"}]}}));
        assert_eq!(changed.options, ["ndots:1"]);
    }
}
