//! Session affinity, with real packets.

use std::time::Duration;

use kinglet_nft::*;

use crate::harness::{commit, in_namespace};
use crate::traffic::{PORT, SERVICE, client, endpoint, exchange, prepare, server, service, wait_for};

#[test]
fn without_affinity_endpoints_take_turns() {
    in_namespace(|| {
        prepare();
        commit(&service(&[1, 2], false).replace());
        let (one, two) = (server(1), server(2));
        exchange(&client(), &one);
        exchange(&client(), &two);
        exchange(&client(), &one);
    });
}

#[test]
fn with_affinity_a_client_keeps_its_endpoint() {
    in_namespace(|| {
        prepare();
        let ruleset = service(&[1, 2], true);
        commit(&ruleset.replace());
        let (one, two) = (server(1), server(2));
        for _ in 0..5 {
            exchange(&client(), &one);
        }
        let mut connection = Connection::open().unwrap();
        let affinity = &ruleset.sets[2].0;
        let elements = connection.elements(&ruleset.table, affinity).unwrap();
        let [element] = elements.as_slice() else {
            panic!("{elements:?}")
        };
        assert_eq!(
            element.key,
            Data::from((std::net::Ipv4Addr::new(10, 0, 0, 1), Value::UDP, PORT))
        );
        assert_eq!(
            element.mapped,
            Some(Mapped::Data(Data::from((endpoint(1), 8080))))
        );

        // Without its memory, the client gets the next endpoint.
        let mut batch = Batch::new();
        batch.delete_elements(&ruleset.table, affinity, &elements);
        connection.commit(&batch).unwrap();
        exchange(&client(), &two);
        exchange(&client(), &two);
        assert_ne!(SERVICE, endpoint(1));
    });
}

#[test]
fn each_connection_restarts_the_time() {
    in_namespace(|| {
        prepare();
        let ruleset = service(&[1], true);
        commit(&ruleset.replace());
        let one = server(1);
        let mut connection = Connection::open().unwrap();
        let affinity = &ruleset.sets[2].0;
        let mut expires = || {
            connection.elements(&ruleset.table, affinity).unwrap()[0]
                .expires
                .unwrap()
        };
        exchange(&client(), &one);
        let first = expires();
        let half_a_second = Duration::from_millis(500);
        let later = wait_for("time passes", || {
            Some(expires()).filter(|expires| *expires + half_a_second < first)
        });
        exchange(&client(), &one);
        assert!(expires() > later);
    });
}
