//! Random changes, one batch after another, against one batch of the result.

use kinglet_dataplane::Services;
use kinglet_dataplane_agent::Kernel;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::events::{Present, event, settings};
use crate::listing::normal;
use kinglet_test_support::netns::Namespace;

#[test]
fn changes_lead_to_the_same_table_as_a_fresh_start() {
    let Some(node) = Namespace::router() else { return };
    let mut kernel = node.run(|| Kernel::open().unwrap());
    let ownership = kernel.ownership().unwrap();
    let list = || normal(&node.program("nft", "list table inet kinglet-services"));
    let mut runner = TestRunner::new(Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = prop::collection::vec((event(), any::<bool>()), 1..40);
    let kernel = std::cell::RefCell::new(&mut kernel);
    let outcome = runner.run(&steps, |steps| {
        let mut kernel = kernel.borrow_mut();
        let mut services = Services::new(settings(), ownership);
        kernel.commit(&services.replacement()).unwrap();
        let mut present = Present::default();
        for (event, committed) in &steps {
            event.apply(&mut services);
            present.note(event);
            if *committed {
                commit(&mut kernel, &mut services);
                kernel.delete_stale(&services.take_stale()).unwrap();
            }
        }
        commit(&mut kernel, &mut services);
        let changed = list();
        let fresh = || {
            let mut services = Services::new(settings(), ownership);
            present.events().for_each(|event| event.apply(&mut services));
            services
        };
        // A new start with other objects in the meantime, and one with the same as before.
        let mut other = Services::new(settings(), ownership);
        let half = present.events().enumerate().filter(|(index, _)| index % 2 == 0);
        half.for_each(|(_, event)| event.apply(&mut other));
        for mut services in [other, fresh()] {
            services.adopt(&kernel.existing(&settings()).unwrap().expect("a table"));
            commit(&mut kernel, &mut services);
        }
        prop_assert_eq!(&changed, &list());
        let mut fresh = fresh();
        kernel.commit(&fresh.replacement()).unwrap();
        prop_assert_eq!(changed, list());
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn commit(kernel: &mut Kernel, services: &mut Services) {
    for batch in services.batches() {
        kernel.commit(&batch).unwrap();
    }
}
