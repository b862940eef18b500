//! The controller: follows the API, plans, and writes.

mod collect;
mod inputs;
mod reconciler;
mod write;

use kinglet_kube::{Recorder, Reflectors, control};
use kinglet_servicelb_plan::ServiceLbSettings;
use tokio_util::sync::CancellationToken;

use self::collect::Collected;
pub use self::inputs::KINDS;
use self::inputs::inputs;
use self::reconciler::LoadBalancers;
pub(crate) use self::write::Writer;

/// Name of the controller in Events.
pub(crate) const COMPONENT: &str = "service-lb-controller";

/// Keeps all load balancers of a cluster until `stop` is cancelled. Errors are logged and answered by new
/// attempts.
///
/// Where there are several candidates for this, the caller elects one; two at the same time do the same and
/// harm nothing.
///
/// ```no_run
/// # async fn example(reflectors: kinglet_kube::Reflectors) {
/// use kinglet_servicelb::run;
/// use kinglet_servicelb_plan::ServiceLbSettings;
/// use tokio_util::sync::CancellationToken;
///
/// let stop = CancellationToken::new();
/// tokio::spawn(async move { run(&reflectors, ServiceLbSettings::default(), stop).await });
/// # }
/// ```
pub async fn run(reflectors: &Reflectors, settings: ServiceLbSettings, stop: CancellationToken) {
    let client = reflectors.client();
    let recorder = Recorder::spawn(client.clone(), COMPONENT, settings.instance.clone(), stop.clone());
    let writer = Writer::new(client, recorder, &settings.namespace);
    let reconciler = LoadBalancers::new(settings, writer);
    let changes = Collected::new(inputs(reflectors));
    stop.run_until_cancelled(control(reconciler, changes, || ()))
        .await;
}
