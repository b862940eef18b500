//! Rollouts from their start to their end in a simulated cluster: Pods become ready and fail by chance, and
//! what the controller sees of ReplicaSets may be old.

use proptest::prelude::*;

use super::*;

/// A ReplicaSet with the truth about its Pods.
#[derive(Clone, Debug)]
struct Simulated {
    image: String,
    revision: i64,
    wanted: i32,
    pods: i32,
    available: i32,
}

/// A cluster, and what the controller has seen of it.
struct Cluster {
    deployment: Deployment,
    sets: Vec<Simulated>,
    seen: Vec<Arc<ReplicaSet>>,
    least: i32,
    most: i32,
}

impl Cluster {
    fn new(replicas: i32, surge: &str, unavailable: &str) -> Self {
        let rolling = json!({"maxSurge": surge, "maxUnavailable": unavailable});
        let strategy = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}});
        let deployment = deployment(replicas, "new", strategy);
        let limits = super::super::super::sets::Limits::of(&deployment);
        let old = Simulated {
            image: "old".into(),
            revision: 1,
            wanted: replicas,
            pods: replicas,
            available: replicas,
        };
        let mut cluster = Self {
            deployment,
            sets: vec![old],
            seen: Vec::new(),
            least: replicas - limits.unavailable,
            most: replicas + limits.surge,
        };
        cluster.look();
        cluster
    }

    /// The controller sees the present.
    fn look(&mut self) {
        let seen = self.sets.iter().map(|one| {
            let mut seen = (*set(&one.image, one.revision, one.wanted, one.available)).clone();
            seen.status.replicas = one.pods;
            Arc::new(seen)
        });
        self.seen = seen.collect();
    }

    /// The controller acts on what it has seen. Writes on a ReplicaSet that has another size by now are
    /// refused.
    fn act(&mut self) {
        let plan = plan(&self.deployment, &self.seen, now());
        if let Some(created) = plan.create.filter(|_| self.sets.len() == 1) {
            let wanted = created["spec"]["replicas"].as_i64().unwrap();
            self.sets.push(Simulated {
                image: "new".into(),
                revision: 2,
                wanted: i32::try_from(wanted).unwrap(),
                pods: 0,
                available: 0,
            });
        }
        for (seen, size) in &plan.resize {
            let revision = seen
                .metadata
                .annotation("deployment.kubernetes.io/revision")
                .unwrap();
            let one = self
                .sets
                .iter_mut()
                .find(|one| one.revision.to_string() == revision);
            let one = one.unwrap();
            if one.wanted == seen.replicas {
                one.wanted = *size;
            }
        }
    }

    /// The controller of a ReplicaSet makes Pods, or deletes those that serve least.
    fn fill(&mut self, index: usize) {
        if let Some(one) = self.sets.get_mut(index) {
            one.pods = one.wanted;
            one.available = one.available.min(one.pods);
        }
    }

    /// A Pod of a ReplicaSet becomes available, if one is not.
    fn start(&mut self, index: usize) {
        if let Some(one) = self.sets.get_mut(index) {
            one.available = (one.available + 1).min(one.pods);
        }
    }

    fn available(&self) -> i32 {
        self.sets.iter().map(|one| one.available).sum()
    }

    fn wanted(&self) -> i32 {
        self.sets.iter().map(|one| one.wanted).sum()
    }

    fn is_done(&self) -> bool {
        let new = self.sets.get(1);
        self.sets[0].pods == 0 && new.is_some_and(|one| one.available == self.deployment.replicas)
    }
}

fn limit() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::strategy::Strategy::prop_map(0..=100u32, |percent| format!("{percent}%"))
}

proptest! {
    #[test]
    fn never_too_few_and_never_too_many(
        replicas in 1..12i32,
        surge in limit(),
        unavailable in limit(),
        chances in proptest::collection::vec((0..4u8, 0..2usize), 0..120),
    ) {
        let mut cluster = Cluster::new(replicas, &surge, &unavailable);
        let check = |cluster: &Cluster| {
            prop_assert!(cluster.available() >= cluster.least, "{:?}", cluster.sets);
            prop_assert!(cluster.wanted() <= cluster.most, "{:?}", cluster.sets);
            Ok(())
        };
        for (what, index) in chances {
            match what {
                0 => cluster.look(),
                1 => cluster.act(),
                2 => cluster.fill(index),
                _ => cluster.start(index),
            }
            check(&cluster)?;
        }
        // From wherever that has led, an orderly cluster comes to the end.
        let mut rounds = 0;
        while !cluster.is_done() {
            cluster.look();
            cluster.act();
            (0..2).for_each(|index| cluster.fill(index));
            (0..2).for_each(|index| cluster.start(index));
            check(&cluster)?;
            rounds += 1;
            prop_assert!(rounds < 200, "stuck at {:?}", cluster.sets);
        }
    }
}
