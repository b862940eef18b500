//! Programs inside places: what a child does between fork and exec; and terminals.
#![allow(unsafe_code, reason = "pre_exec, prctl and ioctl")]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::libc;
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
        claim_terminal();
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
    let set = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if set == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Makes the terminal at standard input, if it is one, the session's: signals of its keys go to the session.
fn claim_terminal() {
    // SAFETY: TIOCSCTTY takes an integer; it fails without effect on what is no terminal, and on one that
    // another session has.
    let _ = unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) };
}

/// The other end of a terminal that was opened at /dev/ptmx.
pub(crate) fn terminal_of(controller: &File) -> io::Result<File> {
    let locked: libc::c_int = 0;
    // SAFETY: TIOCSPTLCK reads one integer, which lives until the call returns.
    let unlocked = unsafe { libc::ioctl(controller.as_raw_fd(), libc::TIOCSPTLCK, &raw const locked) };
    if unlocked != 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // By ioctl and not by its path: that may lead to another mount (ioctl_tty(2)).
    // SAFETY: TIOCGPTPEER takes flags as an integer and returns a new descriptor or -1.
    let program = unsafe { libc::ioctl(controller.as_raw_fd(), libc::TIOCGPTPEER, flags) };
    if program < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { File::from_raw_fd(program) })
}

/// Sets the size of a terminal in characters.
pub(crate) fn set_terminal_size(terminal: &File, rows: u16, columns: u16) -> io::Result<()> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads one `winsize`, which lives until the call returns.
    let set = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    if set == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
