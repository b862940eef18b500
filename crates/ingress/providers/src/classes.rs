//! Which Ingresses are ours (Kubernetes `spec.ingressClassName`; Traefik
//! `providers.kubernetesIngress.ingressClass`).

use kinglet_model::{Ingress, IngressClass, ObjectName, wellknown};

use crate::view::Objects;

/// Whether an Ingress is served, given the configured class.
///
/// 1. `spec.ingressClassName`: the IngressClass must exist and name Traefik's controller, and be the
///    configured class if there is one.
/// 2. Else the annotation `kubernetes.io/ingress.class`: the configured class, or empty or `traefik` when
///    none is configured.
/// 3. Neither: served unless a class is configured.
pub(crate) fn is_served(
    ingress: &Ingress,
    classes: &Objects<IngressClass>,
    configured: Option<&str>,
) -> bool {
    if let Some(name) = &ingress.class_name {
        return configured.is_none_or(|configured| configured == &**name)
            && classes
                .get(&ObjectName::cluster(name.clone()))
                .is_some_and(|class| &*class.spec.controller == wellknown::INGRESS_CONTROLLER);
    }
    match (
        ingress.metadata.annotation(wellknown::ANNOTATION_INGRESS_CLASS),
        configured,
    ) {
        (annotation, Some(configured)) => annotation == Some(configured),
        (annotation, None) => matches!(annotation, None | Some("" | "traefik")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kinglet_model::{IngressClassSpec, Meta};

    use super::*;

    fn class(name: &str, controller: &str) -> (ObjectName, Arc<IngressClass>) {
        let class = IngressClass {
            spec: IngressClassSpec {
                controller: controller.into(),
            },
            ..IngressClass::default()
        };
        (ObjectName::cluster(name), Arc::new(class))
    }

    #[test]
    fn classes_decide() {
        let classes = Objects::from([
            class("traefik", "traefik.io/ingress-controller"),
            class("second", "traefik.io/ingress-controller"),
            class("nginx", "k8s.io/ingress-nginx"),
        ]);
        for (class_name, annotation, configured, served) in [
            (None, None, None, true),
            (None, None, Some("second"), false),
            (Some("traefik"), None, None, true),
            (Some("nginx"), None, None, false),
            (Some("missing"), None, None, false),
            (Some("second"), None, Some("second"), true),
            (Some("traefik"), None, Some("second"), false),
            (Some("nginx"), Some("traefik"), None, false),
            (None, Some("traefik"), None, true),
            (None, Some(""), None, true),
            (None, Some("nginx"), None, false),
            (None, Some("second"), Some("second"), true),
            (None, Some("traefik"), Some("second"), false),
        ] {
            let annotations =
                annotation.map(|value: &str| (wellknown::ANNOTATION_INGRESS_CLASS.into(), value.into()));
            let ingress = Ingress {
                metadata: Meta {
                    annotations: annotations.into_iter().collect(),
                    ..Meta::default()
                },
                class_name: class_name.map(Into::into),
                ..Ingress::default()
            };
            assert_eq!(
                is_served(&ingress, &classes, configured),
                served,
                "{class_name:?} {annotation:?} {configured:?}"
            );
        }
    }
}
