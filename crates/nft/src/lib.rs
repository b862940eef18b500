//! nftables and connection tracking over netlink, and the addresses of the machine that rules call local.
//!
//! Typed objects ([`Table`], [`Chain`], [`Rule`], [`Set`], [`Element`], [`Counter`]) go into a [`Batch`],
//! which a [`Connection`] commits: the kernel applies all of it at once or nothing. If it refuses,
//! [`Error::Rejected`] tells which operation on which object failed, which element of it, and why. Rules are
//! written in statements ([`statement`]); registers, tests of protocols that fields depend on, and sets
//! without names are added on the way.
//!
//! In: typed objects, and the network namespace of the thread that opens the connection. Out: the kernel's
//! state, and lists of it. With the feature `text`, also the text that `nft list` would print.
//!
//! ```no_run
//! use std::net::Ipv4Addr;
//!
//! use kinglet_nft::{
//!     Batch, Chain, ChainType, Connection, DataType, Element, Family, Header, Hook, L3, Meta, Numgen,
//!     Rule, Set, Table, Value, Verdict, priority,
//! };
//!
//! let mut connection = Connection::open()?;
//! let table = Table::new(Family::Inet, "lb").ownership(connection.ownership()?);
//! let ports = Set::vmap("ports", [DataType::InetProto, DataType::InetService]);
//! let endpoints = Set::map("endpoints", [DataType::Integer], [DataType::Ipv4Addr, DataType::InetService]);
//! let pre = Chain::base("pre", ChainType::Nat, Hook::Prerouting, priority::DSTNAT - 10);
//!
//! let mut batch = Batch::new();
//! batch.replace_table(&table);
//! batch.add_set(&table, &ports).add_set(&table, &endpoints);
//! batch.add_chain(&table, &pre).add_chain(&table, &Chain::regular("web"));
//! let dispatch = Rule::new().to_local().vmap((Meta::L4Proto, Header::ThDport), "ports");
//! batch.add_rule(&table, "pre", &dispatch);
//! let balance = Rule::new().dnat_map(L3::Ipv4, Numgen::random(2), "endpoints");
//! batch.add_rule(&table, "web", &balance);
//! batch.add_elements(&table, &ports, &[Element::new((Value::TCP, 80)).verdict(Verdict::goto("web"))]);
//! let backends = [
//!     Element::new(Value::Integer(0)).to((Ipv4Addr::new(10, 1, 0, 1), 8080)),
//!     Element::new(Value::Integer(1)).to((Ipv4Addr::new(10, 1, 0, 2), 8080)),
//! ];
//! batch.add_elements(&table, &endpoints, &backends);
//! connection.commit(&batch)?;
//! # Ok::<(), kinglet_nft::Error>(())
//! ```
//!
//! A change of an element that is there already is its deletion and addition in one batch. Order within a
//! batch matters as it does in the kernel: sets before the rules that use them, chains before what leads to
//! them, and the other way round when they are removed.
//!
//! Invariant: knows no Kubernetes, no runtime and no program: nothing is executed, nothing waits. The kernel
//! answers while it takes a request, so a call takes as long as the kernel works and never blocks for the
//! network.

mod addresses;
mod batch;
mod connection;
mod conntrack;
mod difference;
mod error;
mod expression;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod logged;
mod monitor;
mod netlink;
mod object;
mod read;
mod ruleset;
pub mod statement;
#[cfg(feature = "text")]
mod text;
mod types;

pub use addresses::Addresses;
pub use batch::{Action, Batch, ObjectKind, Operation};
pub use connection::Connection;
pub use conntrack::{Change, Conntrack, Entry, Filter, Layer4, Tuple};
pub use difference::Difference;
pub use error::{Error, Failure, Rejection};
pub use expression::{
    Base, BitwiseOperation, ByteOrder, Comparison, DynsetOperation, Expression, FibResult, LogFlags,
    NatFlags, NatKind, Register, Reject, SetReference,
};
pub use ipnet::IpNet;
pub use logged::{Logged, LoggedPackets};
pub use monitor::Monitor;
pub use netlink::Malformed;
pub use object::{
    BaseChain, Chain, ChainType, Counter, Element, Family, Hook, MapData, Mapped, Ownership, Policy, Rule,
    Set, Table, priority,
};
pub use read::{ListedChain, ListedRule, ListedSet, ListedTable};
pub use ruleset::Ruleset;
pub use statement::{
    Ct, Dynset, Fib, Field, Header, InvalidReason, Jhash, Key, Limit, Log, MapUpdate, Mark, MarkSource,
    Match, Meta, Nat, NatTarget, Numgen, Operator, Right, Statement, Unit,
};
pub use types::{AddressType, CtState, CtStatus, Data, DataType, Direction, L3, Value, Verdict};
