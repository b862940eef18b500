//! The addresses of a network namespace.

use std::net::IpAddr;

use kinglet_nft::Addresses;

use crate::harness::{in_namespace, run};

#[test]
fn addresses_of_all_interfaces_are_listed_without_those_of_peers() {
    in_namespace(|| {
        let mut addresses = Addresses::open().unwrap();
        run("ip", &["link", "add", "d0", "type", "veth", "peer", "name", "d1"]);
        for address in ["192.0.2.1/24", "2001:db8::1/64"] {
            run("ip", &["address", "add", address, "dev", "d0"]);
        }
        run(
            "ip",
            &[
                "address",
                "add",
                "198.51.100.1",
                "peer",
                "198.51.100.2",
                "dev",
                "d0",
            ],
        );
        let expected = ["127.0.0.1", "::1", "192.0.2.1", "2001:db8::1", "198.51.100.1"];
        let expected = expected.map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!(addresses.all().unwrap(), expected.into());
    });
}
