//! Taints of nodes, and the tolerations that load balancers have.

use kinglet_model::{Node, Service, Taint};
use serde::{Deserialize, Serialize};

use crate::names::ANNOTATION_TOLERATIONS;
use crate::problem::Problem;

/// A toleration (core/v1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Toleration {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) operator: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) effect: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) toleration_seconds: Option<i64>,
}

impl Toleration {
    fn exists(key: &str, effect: &str) -> Self {
        Self {
            key: key.to_owned(),
            operator: "Exists".to_owned(),
            effect: effect.to_owned(),
            ..Self::default()
        }
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        // Empty means any, for effect and key alike (core/v1, Toleration).
        let effect = self.effect.is_empty() || self.effect == *taint.effect;
        let key = self.key.is_empty() || self.key == *taint.key;
        // An empty key with another operator than Exists is refused when it is read.
        let value = self.operator == "Exists" || (!self.key.is_empty() && self.value == *taint.value);
        effect && key && value
    }

    fn check(mut self) -> Result<Self, &'static str> {
        // The API server's default; a DaemonSet with the operator left out would compare unequal for ever.
        if self.operator.is_empty() {
            "Equal".clone_into(&mut self.operator);
        }
        match &*self.operator {
            "Exists" if !self.value.is_empty() => Err("without a value where the operator is Exists"),
            "Equal" if self.key.is_empty() => Err("with the operator Exists where the key is empty"),
            "Equal" | "Exists" => Ok(self),
            _ => Err("with operators Equal or Exists"),
        }
    }
}

/// What the Pods of every load balancer's DaemonSet tolerate.
pub(crate) fn common() -> Vec<Toleration> {
    vec![
        Toleration::exists("node-role.kubernetes.io/master", "NoSchedule"),
        Toleration::exists("node-role.kubernetes.io/control-plane", "NoSchedule"),
        Toleration::exists("CriticalAddonsOnly", ""),
    ]
}

/// What the DaemonSet controller adds.
const DAEMONS: &[&str] = &[
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
];

/// The tolerations in a Service's annotation.
pub(crate) fn annotated(service: &Service) -> Result<Vec<Toleration>, Problem> {
    let Some(text) = service.metadata.annotation(ANNOTATION_TOLERATIONS) else {
        return Ok(Vec::new());
    };
    let problem = |why: &str| {
        let accepted = format!("a list of tolerations {why}");
        Problem::annotation(ANNOTATION_TOLERATIONS, text, accepted)
    };
    // YAML contains JSON.
    let tolerations: Vec<Toleration> =
        serde_saphyr::from_str(text).map_err(|_| problem("in JSON or YAML"))?;
    let checked = tolerations.into_iter().map(Toleration::check);
    checked.collect::<Result<_, _>>().map_err(problem)
}

/// The first taint that keeps the load balancer of a Service off a node: the same ones that keep off the Pods
/// of its DaemonSet.
pub(crate) fn untolerated<'a>(node: &'a Node, service: &Service) -> Option<&'a Taint> {
    if node.taints.is_empty() {
        return None;
    }
    let mut tolerations = common();
    // A value that cannot be read tolerates nothing; the condition names it.
    tolerations.extend(annotated(service).unwrap_or_default());
    node.taints.iter().find(|taint| {
        // PreferNoSchedule keeps no Pod away.
        matches!(&*taint.effect, "NoSchedule" | "NoExecute")
            && !DAEMONS.contains(&&*taint.key)
            && !tolerations.iter().any(|one| one.tolerates(taint))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(annotation: &str) -> Service {
        let mut service = Service::default();
        let annotations = &mut service.metadata.annotations;
        annotations.insert(ANNOTATION_TOLERATIONS.into(), annotation.into());
        service
    }

    #[test]
    fn annotations_are_json_or_yaml() {
        let json = r#"[{"key":"lb","operator":"Equal","value":"yes","effect":"NoSchedule"}]"#;
        let yaml = "- key: lb\n  value: \"yes\"\n  effect: NoSchedule\n";
        let expected = Toleration {
            key: "lb".to_owned(),
            operator: "Equal".to_owned(),
            value: "yes".to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Toleration::default()
        };
        for text in [json, yaml] {
            assert_eq!(annotated(&service(text)), Ok(vec![expected.clone()]), "{text}");
        }
    }

    #[test]
    fn bad_annotations_tell_what_is_accepted() {
        let table = [
            ("{", "in JSON or YAML"),
            ("[{\"kee\": \"a\"}]", "in JSON or YAML"),
            (
                "[{\"value\": \"a\"}]",
                "with the operator Exists where the key is empty",
            ),
            (
                "[{\"key\": \"a\", \"operator\": \"Exists\", \"value\": \"b\"}]",
                "without a value where the operator is Exists",
            ),
            (
                "[{\"key\": \"a\", \"operator\": \"In\"}]",
                "with operators Equal or Exists",
            ),
        ];
        for (text, why) in table {
            let problem = annotated(&service(text)).unwrap_err();
            let field = format!("metadata.annotations[{ANNOTATION_TOLERATIONS}]");
            assert_eq!(
                problem.to_string(),
                format!("{field}: {text:?} is not a list of tolerations {why}")
            );
        }
    }

    #[test]
    fn taints_keep_load_balancers_off_as_they_keep_daemons_off() {
        let taint = |key: &str, value: &str, effect: &str| Taint {
            key: key.into(),
            value: value.into(),
            effect: effect.into(),
            time_added: None,
        };
        let tolerant = service("[{key: lb, value: only}, {key: db, operator: Exists, effect: NoExecute}]");
        let table = [
            (
                taint("node-role.kubernetes.io/control-plane", "true", "NoSchedule"),
                true,
                true,
            ),
            (
                taint("node-role.kubernetes.io/control-plane", "true", "NoExecute"),
                false,
                false,
            ),
            (taint("CriticalAddonsOnly", "true", "NoExecute"), true, true),
            (
                taint("node.kubernetes.io/unschedulable", "", "NoSchedule"),
                true,
                true,
            ),
            (
                taint(
                    "node.cloudprovider.kubernetes.io/uninitialized",
                    "true",
                    "NoSchedule",
                ),
                false,
                false,
            ),
            (taint("lb", "only", "NoSchedule"), false, true),
            (taint("lb", "never", "NoSchedule"), false, false),
            (taint("db", "x", "NoExecute"), false, true),
            (taint("db", "x", "NoSchedule"), false, false),
            (taint("db", "x", "PreferNoSchedule"), true, true),
        ];
        for (taint, common, more) in table {
            let node = Node {
                taints: vec![taint.clone()],
                ..Node::default()
            };
            assert_eq!(
                untolerated(&node, &Service::default()).is_none(),
                common,
                "{taint:?}"
            );
            assert_eq!(untolerated(&node, &tolerant).is_none(), more, "{taint:?}");
        }
    }
}
