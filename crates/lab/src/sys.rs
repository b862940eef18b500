//! Programs inside places: what a child does between fork and exec.
#![allow(unsafe_code, reason = "pre_exec and prctl")]

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{sethostname, setsid};

use crate::place::Place;

const NONE: Option<&std::ffi::CStr> = None;

/// Everything that entering a place needs, prepared so that no memory is allocated after a fork.
struct Entry {
    place: Place,
    hostname: CString,
    files: Vec<(CString, CString)>,
}

impl Entry {
    fn new(place: &Place) -> io::Result<Self> {
        let mut files = Vec::new();
        for name in ["resolv.conf", "hosts"] {
            let seen = Path::new("/etc").join(name);
            // A bind mount needs a file to cover, behind links too.
            if let Ok(target) = seen.canonicalize() {
                files.push((text(&place.directory.join(name))?, text(&target)?));
            }
        }
        Ok(Self {
            hostname: CString::new(place.description.hostname.as_str())?,
            place: place.clone(),
            files,
        })
    }

    /// Moves the calling thread into the place: its network, and the host's files but for names and host
    /// name.
    fn enter(&self) -> io::Result<()> {
        setns(self.place.namespace.fd(), CloneFlags::CLONE_NEWNET)?;
        // The files of names are mounted over the host's, and the host name set, for this process only.
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS)?;
        sethostname(std::ffi::OsStr::from_bytes(self.hostname.as_bytes()))?;
        // What is mounted here is not seen outside; what goes outside goes here too.
        mount(NONE, c"/", NONE, MsFlags::MS_REC | MsFlags::MS_SLAVE, NONE)?;
        for (source, target) in &self.files {
            mount(
                Some(source.as_c_str()),
                target.as_c_str(),
                NONE,
                MsFlags::MS_BIND,
                NONE,
            )?;
        }
        Ok(())
    }
}

fn text(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// Moves the calling thread into a place. It cannot come back, so let it be a thread of its own.
pub(crate) fn enter(place: &Place) -> io::Result<()> {
    Entry::new(place)?.enter()
}

/// Makes a command run inside a place, as leader of a session of its own, killed when the thread that starts
/// it ends.
pub(crate) fn run_inside(command: &mut Command, place: &Place) -> io::Result<()> {
    let entry = Entry::new(place)?;
    let prepare = move || {
        entry.enter()?;
        // A group of its own, so that all that it starts can be killed with it.
        setsid()?;
        die_with_parent()
    };
    // SAFETY: `prepare` only makes system calls on values that were allocated before the fork; nothing in it
    // takes locks or allocates.
    unsafe {
        command.pre_exec(prepare);
    }
    Ok(())
}

fn die_with_parent() -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes an integer and changes nothing but the calling process's attribute.
    let set = unsafe { nix::libc::prctl(nix::libc::PR_SET_PDEATHSIG, nix::libc::SIGKILL) };
    if set == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
