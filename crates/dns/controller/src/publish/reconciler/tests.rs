//! What is written, and when again.

use kinglet_telemetry::Readiness;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;

/// A publisher of 10.0.0.1:53, and the name of its slice. Nothing answers its requests.
fn publisher() -> (Publisher, ObjectName) {
    let client = kinglet_kube::in_process(|_| {
        std::future::pending::<http::Response<http_body_util::Full<bytes::Bytes>>>()
    });
    let endpoint: SocketAddr = "10.0.0.1:53".parse().unwrap();
    let settings = PublishSettings::new("10.43.0.10".parse().unwrap(), vec![endpoint], "me".to_owned());
    let recorder = Recorder::spawn(client.clone(), MANAGER, "me".to_owned(), CancellationToken::new());
    let gate = Readiness::default().gate("dns endpoint");
    let mut publisher = Publisher::new(&client, settings, gate, recorder);
    let name = publisher.observe(Input::Started).remove(0);
    (publisher, name)
}

/// Which of slice and Service are to be written now; the attempt succeeds.
fn write(publisher: &mut Publisher, name: &ObjectName) -> (bool, bool) {
    let (name, plan) = publisher.plan(vec![name.clone()]).remove(0);
    let Plan::Assert(assertion) = &plan else {
        panic!("nothing is asserted");
    };
    let written = (assertion.slice, assertion.service);
    publisher.settle(&name, plan, &Ok(Next::Done));
    written
}

#[tokio::test]
async fn what_was_written_is_written_again_only_after_a_change() {
    let (mut publisher, name) = publisher();
    assert_eq!(write(&mut publisher, &name), (true, true));
    assert_eq!(
        write(&mut publisher, &name),
        (false, false),
        "no change was seen since"
    );

    let service = json!({"metadata": {"name": "kube-dns", "namespace": "kube-system"}});
    let service: Service = serde_json::from_value(service).unwrap();
    publisher.observe(Input::Service(Change::Applied(Arc::new(service))));
    assert_eq!(
        write(&mut publisher, &name),
        (false, true),
        "somebody emptied the Service"
    );
    let slice = EndpointSlice {
        metadata: Meta {
            name: name.name.clone(),
            namespace: name.namespace.clone(),
            ..Meta::default()
        },
        ..EndpointSlice::default()
    };
    publisher.observe(Input::Slice(Change::Deleted(Arc::new(slice))));
    assert_eq!(
        write(&mut publisher, &name),
        (true, false),
        "somebody deleted the slice"
    );
}
