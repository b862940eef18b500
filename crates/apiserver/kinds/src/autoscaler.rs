//! HorizontalPodAutoscalers: one kind of object, two shapes. `autoscaling/v1` knows the utilization of CPU
//! only; `autoscaling/v2` is the stored shape, and what v1 cannot say stands in annotations there.

use serde_json::{Value, json};

use crate::Storage;
use crate::json::{Json, JsonMut};

/// `autoscaling/v2` autoscalers as `autoscaling/v1` shows them.
pub(crate) const STORAGE: Storage = Storage {
    group: "autoscaling",
    plural: "horizontalpodautoscalers",
    to_stored,
    from_stored,
};

const TARGET: &str = "targetCPUUtilizationPercentage";
/// Field of v2, and the annotation that carries it in v1.
const ANNOTATED: [(&str, &str); 2] = [
    ("metrics", "autoscaling.alpha.kubernetes.io/metrics"),
    ("behavior", "autoscaling.alpha.kubernetes.io/behavior"),
];
/// The utilization by which `autoscaling/v1` scales when nothing is said.
const DEFAULT_UTILIZATION: i64 = 80;

fn to_stored(object: &mut Value) {
    object.put("apiVersion", "autoscaling/v2");
    for (field, annotation) in ANNOTATED {
        let text = object.annotation(annotation).map(str::to_owned);
        if let Some(value) = text.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
            object.put(&format!("spec.{field}"), value);
        }
        remove_annotation(object, annotation);
    }
    let mut metrics = object.list("spec.metrics").to_vec();
    let target = object.drop_field(&format!("spec.{TARGET}"));
    if let Some(percent) = target.as_ref().and_then(Value::as_i64) {
        metrics.push(cpu_utilization(percent));
    }
    if metrics.is_empty() {
        metrics.push(cpu_utilization(DEFAULT_UTILIZATION));
    }
    object.put("spec.metrics", metrics);
    object.drop_field("status.currentCPUUtilizationPercentage");
}

fn from_stored(object: &mut Value) {
    object.put("apiVersion", "autoscaling/v1");
    let mut metrics = object.list("spec.metrics").to_vec();
    if let Some(at) = metrics.iter().position(|metric| utilization(metric).is_some()) {
        let percent = utilization(&metrics.remove(at)).unwrap_or_default();
        object.put(&format!("spec.{TARGET}"), percent);
    }
    object.put("spec.metrics", metrics);
    for (field, annotation) in ANNOTATED {
        let value = object.drop_field(&format!("spec.{field}")).unwrap_or_default();
        if !value.is_null() && value != json!([]) {
            set_annotation(object, annotation, value.to_string());
        }
    }
    if let Some(status) = object.at_mut("status").and_then(Value::as_object_mut) {
        status.retain(|field, _| field != "currentMetrics" && field != "conditions");
    }
}

pub(crate) fn cpu_utilization(percent: i64) -> Value {
    json!({
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}},
    })
}

fn utilization(metric: &Value) -> Option<i64> {
    let of_cpu = metric.text("type") == "Resource" && metric.text("resource.name") == "cpu";
    metric
        .at("resource.target.averageUtilization")
        .as_i64()
        .filter(|_| of_cpu)
}

/// Keys of annotations have dots, so that a path cannot name them.
fn set_annotation(object: &mut Value, key: &str, value: String) {
    object.fill("metadata.annotations", json!({}));
    if let Some(all) = object
        .at_mut("metadata.annotations")
        .and_then(Value::as_object_mut)
    {
        all.insert(key.to_owned(), value.into());
    }
}

fn remove_annotation(object: &mut Value, key: &str) {
    if let Some(all) = object
        .at_mut("metadata.annotations")
        .and_then(Value::as_object_mut)
    {
        all.remove(key);
        if all.is_empty() {
            object.drop_field("metadata.annotations");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_through_v1() {
        let stored = json!({
            "apiVersion": "autoscaling/v2",
            "metadata": {"name": "a"},
            "spec": {
                "maxReplicas": 3,
                "metrics": [{"type": "Pods", "pods": {"metric": {"name": "q"}}}, cpu_utilization(50)],
                "behavior": {"scaleDown": {"selectPolicy": "Max"}},
            },
            "status": {"desiredReplicas": 1},
        });
        let mut shown = stored.clone();
        from_stored(&mut shown);
        assert_eq!(shown["spec"], json!({"maxReplicas": 3, TARGET: 50}));
        to_stored(&mut shown);
        assert_eq!(shown, stored);
    }
}
