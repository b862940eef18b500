//! Network policy with real packets: objects in the API of a lab, agents on its nodes, connections between
//! its pods.

mod canary;
mod changes;
mod denied;
mod flows;
mod nodes;
mod prober;
mod scenarios;
mod silence;
mod start;
mod tiers;
mod trouble;
mod world;
