//! Which objects an owner controls: those that refer to it and match its selector. It adopts matching ones
//! that nobody controls and releases those that match no longer.

use std::sync::Arc;

use kinglet_model::{Meta, Object, Selector};

use super::objects::{Owner, Pod, ReplicaSet};

/// An object that has a controller, or none.
pub(super) trait Controlled: Object {
    fn owner(&self) -> Option<&Owner>;
}

impl Controlled for Pod {
    fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }
}

impl Controlled for ReplicaSet {
    fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }
}

/// The objects of an owner.
#[derive(Debug)]
pub(super) struct Claim<T> {
    /// Under its control.
    pub(super) owned: Vec<Arc<T>>,
    /// To be taken over.
    pub(super) adopt: Vec<Arc<T>>,
    /// To be let go.
    pub(super) release: Vec<Arc<T>>,
}

impl<T> Default for Claim<T> {
    fn default() -> Self {
        Self {
            owned: Vec::new(),
            adopt: Vec::new(),
            release: Vec::new(),
        }
    }
}

/// Sorts the objects of an owner's namespace. An owner that is being deleted neither adopts nor releases.
pub(super) fn claim<'a, T: Controlled>(
    owner: &Meta,
    selector: &Selector,
    objects: impl IntoIterator<Item = &'a Arc<T>>,
) -> Claim<T> {
    let mut claim = Claim::default();
    let changes = owner.deletion_timestamp.is_none();
    for object in objects {
        let meta = object.meta();
        let matches = selector.matches(&meta.labels);
        match object.owner() {
            Some(found) if found.uid != owner.uid => {}
            Some(_) if matches => claim.owned.push(object.clone()),
            Some(_) if changes => claim.release.push(object.clone()),
            None if changes && matches && meta.deletion_timestamp.is_none() => {
                claim.adopt.push(object.clone());
            }
            _ => {}
        }
    }
    claim
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, app: &str, owner: Option<&str>) -> Arc<Pod> {
        let mut pod = Pod::default();
        pod.metadata.name = name.into();
        pod.metadata.labels.insert("app".into(), app.into());
        pod.owner = owner.map(|uid| Owner {
            uid: uid.into(),
            controller: true,
            ..Owner::default()
        });
        Arc::new(pod)
    }

    #[test]
    fn matching_orphans_are_adopted_and_strangers_left_alone() {
        let selector = Selector::parse("app=web").unwrap();
        let mut owner = Meta {
            uid: "me".into(),
            ..Meta::default()
        };
        let pods = [
            pod("mine", "web", Some("me")),
            pod("relabelled", "other", Some("me")),
            pod("orphan", "web", None),
            pod("stray", "other", None),
            pod("theirs", "web", Some("you")),
        ];
        let names = |pods: &[Arc<Pod>]| -> Vec<String> {
            pods.iter().map(|pod| pod.metadata.name.to_string()).collect()
        };
        let all = claim(&owner, &selector, &pods);
        assert_eq!(names(&all.owned), ["mine"]);
        assert_eq!(names(&all.adopt), ["orphan"]);
        assert_eq!(names(&all.release), ["relabelled"]);
        owner.deletion_timestamp = Some(jiff::Timestamp::now());
        let all = claim(&owner, &selector, &pods);
        assert_eq!((all.adopt.len(), all.release.len()), (0, 0));
    }
}
