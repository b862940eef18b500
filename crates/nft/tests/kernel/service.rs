//! The rules of a service proxy: every construct that such a one needs, accepted by the kernel.

use std::net::Ipv4Addr;
use std::time::Duration;

use kinglet_nft::*;

use crate::harness::{commit, in_namespace, nft};

#[test]
fn the_kernel_takes_the_rules_of_a_service_proxy() {
    in_namespace(|| {
        let table = Table::new(Family::Inet, "lb");
        let mut batch = Batch::new();
        batch.add_table(&table);
        let proto_port = [DataType::InetProto, DataType::InetService];
        let vip = [DataType::Ipv4Addr, DataType::InetProto, DataType::InetService];
        let endpoint = [DataType::Ipv4Addr, DataType::InetService];
        let port_new = Set::vmap("port_new", proto_port);
        let vip_new = Set::vmap("vip_new", vip);
        let eps4 = Set::map("eps4", [DataType::Integer], endpoint)
            .typeof_key(Numgen::random(2))
            .typeof_data((Header::IpDaddr, Header::ThDport));
        let aff4 = Set::map("aff4", vip, endpoint).dynamic().timeouts().size(65_536);
        let masq = Set::new("masq_tcp", [DataType::InetService]);
        let hairpin = Set::new("hairpin4", [DataType::Ipv4Addr, DataType::Ipv4Addr]);
        for set in [&port_new, &vip_new, &eps4, &aff4, &masq, &hairpin] {
            batch.add_set(&table, set);
        }
        for chain in ["svc_1", "svc_2"] {
            batch.add_chain(&table, &Chain::regular(chain));
        }
        batch.add_chain(
            &table,
            &Chain::base("pre", ChainType::Nat, Hook::Prerouting, priority::DSTNAT - 10),
        );
        batch.add_chain(
            &table,
            &Chain::base("post", ChainType::Nat, Hook::Postrouting, priority::SRCNAT - 10),
        );
        batch.add_elements(
            &table,
            &port_new,
            &[Element::new((Value::TCP, 80)).verdict(Verdict::goto("svc_1"))],
        );
        let address = Ipv4Addr::new(10, 0, 0, 1);
        batch.add_elements(
            &table,
            &vip_new,
            &[Element::new((address, Value::UDP, 53)).verdict(Verdict::goto("svc_2"))],
        );
        batch.add_elements(
            &table,
            &eps4,
            &[
                Element::new(Value::Integer(0)).to((Ipv4Addr::new(10, 1, 0, 1), 8080)),
                Element::new(Value::Integer(1)).to((Ipv4Addr::new(10, 1, 0, 2), 8080)),
            ],
        );
        let proto_port = (Meta::L4Proto, Header::ThDport);
        batch.add_rule(
            &table,
            "pre",
            &Rule::new()
                .to_local()
                .not_within(Header::IpDaddr, "127.0.0.0/8".parse::<IpNet>().unwrap())
                .vmap(proto_port, "port_new"),
        );
        batch.add_rule(
            &table,
            "pre",
            &Rule::new().vmap((Header::IpDaddr, Meta::L4Proto, Header::ThDport), "vip_new"),
        );
        let pick = Numgen::random(2);
        batch.add_rule(&table, "svc_1", &Rule::new().dnat_map(L3::Ipv4, pick, "eps4"));
        batch.add_rule(
            &table,
            "post",
            &Rule::new().ct_status_not(CtStatus::DNAT).returns(),
        );
        batch.add_rule(
            &table,
            "post",
            &Rule::new()
                .in_set((Header::IpSaddr, Header::IpDaddr), "hairpin4")
                .masquerade(NatFlags::FULLY_RANDOM),
        );
        batch.add_rule(
            &table,
            "post",
            &Rule::new()
                .l4proto(Value::TCP)
                .in_set(Ct::ProtoDst(Direction::Original), "masq_tcp")
                .masquerade(NatFlags::FULLY_RANDOM),
        );
        commit(&batch);
        println!("{}", nft("list table inet lb"));
    });
}
