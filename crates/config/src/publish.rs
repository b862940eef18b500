//! What a server tells the cluster of itself.

use std::net::IpAddr;
use std::str::FromStr;

use clap::Args;

use crate::node::node_address;

/// What a server tells the cluster of itself.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What the cluster is told")]
pub struct PublishOptions {
    /// Addresses by which the cluster reaches this server, one, or one per IP family separated by a comma:
    /// the endpoints of the cluster DNS, and what Ingresses show where no Service stands in front. In a Pod
    /// set it to status.podIPs [default: the address that is listened on; if that is 0.0.0.0 or ::, the one
    /// from which the API server is reached, and for :: one of the other family, if there is one].
    #[arg(
        long,
        env = "KINGLET_ADVERTISE_ADDRESS",
        value_name = "ADDRESS",
        value_delimiter = ',',
        value_parser = node_address
    )]
    pub advertise_address: Vec<IpAddr>,
    /// Service of the ingress controller, whose addresses Ingresses show [default: kube-system/traefik if it
    /// exists, and otherwise the address of the server that leads].
    #[arg(long, env = "KINGLET_PUBLISHED_SERVICE", value_name = "NAMESPACE/NAME")]
    pub published_service: Option<ServiceName>,
    /// Leave the Service kube-system/kube-dns and its EndpointSlices alone.
    #[arg(long, env = "KINGLET_DISABLE_DNS_SERVICE")]
    pub disable_dns_service: bool,
}

/// More addresses than one per family.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--advertise-address {0}: give one address, or one IPv4 and one IPv6 address")]
pub struct AdvertiseError(String);

impl PublishOptions {
    /// Checks that there is one address of a family.
    ///
    /// # Errors
    /// There are more.
    pub fn validate(&self) -> Result<(), AdvertiseError> {
        match &*self.advertise_address {
            [] | [_] => Ok(()),
            [one, other] if one.is_ipv4() != other.is_ipv4() => Ok(()),
            all => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                Err(AdvertiseError(all.join(",")))
            }
        }
    }
}

/// A Service by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// A text is not the name of a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NAMESPACE/NAME of a Service is accepted")]
pub struct ServiceNameError;

impl FromStr for ServiceName {
    type Err = ServiceNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ => Err(ServiceNameError),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Server {
        #[command(flatten)]
        publish: PublishOptions,
    }

    fn parse(flag: &str) -> Result<PublishOptions, String> {
        let server = Server::try_parse_from(["server", flag]);
        server
            .map(|server| server.publish)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_accepted() {
        let published = parse("--published-service=web/front").unwrap().published_service;
        let published = published.unwrap();
        assert_eq!((&*published.namespace, &*published.name), ("web", "front"));
        let addresses = |text| parse(&format!("--advertise-address={text}")).unwrap();
        let both = addresses("10.0.0.1,fd00::1");
        assert_eq!(
            both.advertise_address,
            ["10.0.0.1", "fd00::1"].map(|ip| ip.parse::<IpAddr>().unwrap())
        );
        assert_eq!(both.validate(), Ok(()));
        assert_eq!(addresses("fd00::1").validate(), Ok(()));
        let refused = addresses("10.0.0.1,10.0.0.2").validate().unwrap_err().to_string();
        assert!(refused.contains("10.0.0.1,10.0.0.2: give one"), "{refused}");
        for (flag, accepted) in [
            ("--published-service=front", "NAMESPACE/NAME"),
            ("--published-service=a/b/c", "NAMESPACE/NAME"),
            ("--advertise-address=127.0.0.1", "other nodes reach"),
            ("--advertise-address=0.0.0.0", "other nodes reach"),
        ] {
            let error = parse(flag).unwrap_err();
            assert!(error.contains(accepted), "{error}");
        }
    }
}
