//! Names that kube-router gives.

/// Tables of the back end for nftables.
pub(super) const TABLES: [&str; 2] = ["kube-router-filter-ipv4", "kube-router-filter-ipv6"];
/// What names of chains begin with that the back end for iptables makes.
const CHAINS: [&str; 3] = ["KUBE-ROUTER-", "KUBE-POD-FW-", "KUBE-NWPLCY-"];

/// Whether a chain is kube-router's.
pub(super) fn is_leftover(chain: &str) -> bool {
    CHAINS.iter().any(|prefix| chain.starts_with(prefix))
}
