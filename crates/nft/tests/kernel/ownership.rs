//! Tables with an owner.

use kinglet_nft::*;

use crate::compare::same_text;
use crate::harness::{cannot_run, in_namespace, nft, nft_fails};
use crate::traffic::wait_for;

fn ruleset(ownership: Ownership) -> Ruleset {
    let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t").ownership(ownership));
    ruleset.chain(
        Chain::base("main", ChainType::Filter, Hook::Input, 0),
        [Rule::new().accept()],
    );
    ruleset
}

/// Whether there is ownership that outlives its connection; older kernels have none.
fn persistent(connection: &mut Connection) -> bool {
    let persistent = connection.ownership().unwrap() == Ownership::OwnedPersistent;
    if !persistent {
        cannot_run("the kernel has no persistent ownership of tables (Linux 6.9)");
    }
    persistent
}

/// Closes a connection, and waits until the kernel knows: other tests start programs meanwhile, each of which
/// holds a copy of the socket until it runs.
fn close(connection: Connection, table: &Table) {
    let port = connection.port();
    drop(connection);
    let mut other = Connection::open().unwrap();
    wait_for("the owner is gone", || {
        let listed = other.table(table).unwrap();
        listed
            .is_none_or(|listed| listed.owner != Some(port))
            .then_some(())
    });
}

#[test]
fn the_kernel_is_asked_without_a_trace() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let before = connection.generation().unwrap();
        connection.ownership().unwrap();
        assert_eq!(connection.tables().unwrap(), []);
        assert_eq!(connection.generation().unwrap(), before);
    });
}

#[test]
fn others_cannot_touch_an_owned_table() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        if !persistent(&mut connection) {
            return;
        }
        let ruleset = ruleset(Ownership::OwnedPersistent);
        connection.commit(&ruleset.replace()).unwrap();
        let listed = connection.table(&ruleset.table).unwrap().unwrap();
        assert_eq!(
            (listed.ownership, listed.owner),
            (Ownership::OwnedPersistent, Some(connection.port()))
        );
        let owner = std::fs::read_to_string("/proc/self/comm").unwrap();
        let listed = nft("list table inet t").replace(&format!(" # progname {}", owner.trim_end()), "");
        assert_eq!(listed, ruleset.to_string());
        let denied = "Operation not permitted";
        assert!(nft_fails("delete table inet t").contains(denied));
        assert!(nft_fails("add chain inet t x").contains(denied));
        assert!(nft_fails("flush chain inet t main").contains(denied));
        nft("flush ruleset");
        assert_eq!(connection.rules(&ruleset.table, None).unwrap().len(), 1);
        let mut other = Connection::open().unwrap();
        let error = other.commit(&ruleset.replace()).unwrap_err();
        assert_eq!(error.errno(), Some(libc::EPERM), "{error}");
        let mut batch = Batch::new();
        batch.flush_chain(&ruleset.table, "main");
        connection.commit(&batch).unwrap();
    });
}

#[test]
fn a_persistent_table_outlives_its_owner_and_is_adopted() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        if !persistent(&mut connection) {
            return;
        }
        let ruleset = ruleset(Ownership::OwnedPersistent);
        connection.commit(&ruleset.replace()).unwrap();
        close(connection, &ruleset.table);

        let mut second = Connection::open().unwrap();
        let listed = second.table(&ruleset.table).unwrap().unwrap();
        assert_eq!(listed.owner, None);
        assert_eq!(second.rules(&ruleset.table, None).unwrap().len(), 1);
        let mut batch = Batch::new();
        batch.add_table(&ruleset.table);
        second.commit(&batch).unwrap();
        let listed = second.table(&ruleset.table).unwrap().unwrap();
        assert_eq!(listed.owner, Some(second.port()));
        assert_eq!(second.rules(&ruleset.table, None).unwrap().len(), 1);
        nft_fails("delete table inet t");
        close(second, &ruleset.table);

        let mut third = Connection::open().unwrap();
        third.commit(&ruleset.replace()).unwrap();
        assert_eq!(
            third.table(&ruleset.table).unwrap().unwrap().owner,
            Some(third.port())
        );
        close(third, &ruleset.table);
        nft("flush ruleset");
        assert_eq!(nft("list ruleset"), "");
    });
}

#[test]
fn a_table_of_nobody_is_replaced_by_an_owned_one() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        if !persistent(&mut connection) {
            return;
        }
        connection.commit(&ruleset(Ownership::Shared).replace()).unwrap();
        let owned = ruleset(Ownership::OwnedPersistent);
        for _ in 0..2 {
            connection.commit(&owned.replace()).unwrap();
            let listed = connection.table(&owned.table).unwrap().unwrap();
            assert_eq!(
                (listed.ownership, listed.owner),
                (owned.table.ownership, Some(connection.port()))
            );
        }
        // What the first one needs is refused for a table that is there.
        let mut other = Connection::open().unwrap();
        let plain = Table::new(Family::Ip, "plain");
        let mut batch = Batch::new();
        batch.add_table(&plain);
        other.commit(&batch).unwrap();
        let mut batch = Batch::new();
        batch.add_table(&plain.ownership(Ownership::OwnedPersistent));
        assert_eq!(other.commit(&batch).unwrap_err().errno(), Some(libc::EOPNOTSUPP));
    });
}

#[test]
fn an_owned_table_goes_with_its_owner() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let ruleset = ruleset(Ownership::Owned);
        connection.commit(&ruleset.replace()).unwrap();
        close(connection, &ruleset.table);
        assert_eq!(nft("list ruleset"), "");
    });
}

#[test]
fn a_connection_keeps_its_namespace_on_another_thread() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let ruleset = ruleset(Ownership::Shared);
        let elsewhere = std::thread::spawn(move || {
            crate::sys::enter_new_namespace().unwrap();
            connection.commit(&ruleset.replace()).unwrap();
            ruleset
        });
        let ruleset = elsewhere.join().unwrap();
        let mut connection = Connection::open().unwrap();
        assert!(connection.table(&ruleset.table).unwrap().is_some());
        same_text(&ruleset);
    });
}
