//! What an agent asks of the kernel of its node.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use kinglet_servicelb_plan::HostPorts;

use super::listening::listening;
use super::reserved::Reserved;

/// The kernel of a node. Its methods are called on threads that may block.
pub trait Host: Clone + Send + Sync + 'static {
    /// The ports that processes listen on.
    ///
    /// # Errors
    /// They cannot be read.
    fn listening(&self) -> io::Result<HostPorts>;

    /// Which start of the machine this is: another text after each (`/proc/sys/kernel/random/boot_id`).
    ///
    /// # Errors
    /// It cannot be read.
    fn boot(&self) -> io::Result<String>;

    /// Gives these ports, and no others that were given here, to no client that lets the kernel choose one.
    ///
    /// # Errors
    /// The kernel refuses, as it does in containers with a read-only /proc/sys.
    fn reserve(&self, ports: &BTreeSet<u16>) -> io::Result<()>;
}

/// The kernel of this machine, in the network namespace of the process.
#[derive(Clone, Debug)]
pub struct LocalHost {
    /// Where is recorded which reserved ports are ours, until the machine restarts: `/run/kinglet`.
    pub state: PathBuf,
}

impl Host for LocalHost {
    fn listening(&self) -> io::Result<HostPorts> {
        listening()
    }

    fn boot(&self) -> io::Result<String> {
        // Kubelets report the same as status.nodeInfo.bootID.
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        Ok(text.trim().to_owned())
    }

    fn reserve(&self, ports: &BTreeSet<u16>) -> io::Result<()> {
        Reserved::of_this_namespace(&self.state).set(ports)
    }
}
