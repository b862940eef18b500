//! Network namespaces that outlive threads: bind-mounted under /run/netns, where `ip netns` shows them.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Where `ip netns` keeps namespaces.
const DIRECTORY: &str = "/run/netns";
const NONE: Option<&str> = None;

/// A network namespace. Clones are the same.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: Arc<str>,
    file: Arc<File>,
}

impl Namespace {
    /// Makes a new namespace with that name, with its loopback still down.
    ///
    /// # Errors
    /// The name is taken, or the process lacks `CAP_SYS_ADMIN`.
    pub fn create(name: &str) -> io::Result<Self> {
        prepare_directory()?;
        let path = path_of(name);
        // Fails where the name is taken; it is also the file that the namespace is mounted on.
        File::create_new(&path)?;
        // The mount keeps the namespace alive when the thread that made it has ended.
        in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            mount(
                // Of this thread alone: `/proc/self` is the main thread, which stays where it is.
                Some("/proc/thread-self/ns/net"),
                &path,
                NONE,
                MsFlags::MS_BIND,
                NONE,
            )
        })
        .and_then(|mounted| Ok(mounted?))
        .and_then(|()| Self::open(name))
        .inspect_err(|_| {
            // The error is told; a file without a namespace helps nobody.
            let _ = fs::remove_file(&path);
        })
    }

    /// The namespace of that name.
    pub fn open(name: &str) -> io::Result<Self> {
        Self::at(&path_of(name), name)
    }

    /// The namespace that a path leads to.
    pub(crate) fn at(path: &Path, name: &str) -> io::Result<Self> {
        Ok(Self {
            name: name.into(),
            file: Arc::new(File::open(path)?),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path under /run/netns.
    pub fn path(&self) -> PathBuf {
        path_of(&self.name)
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Moves the calling thread into the namespace. Sockets that it opens from now on belong there, wherever
    /// they are used later.
    pub(crate) fn enter(&self) -> io::Result<()> {
        Ok(setns(&self.file, CloneFlags::CLONE_NEWNET)?)
    }

    /// Runs a function in a thread inside the namespace and waits for it. Blocks, so keep it to opening
    /// sockets and the like.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        in_thread(|| {
            self.enter()?;
            work()
        })?
    }

    /// Listens in the namespace, for the runtime.
    pub(crate) fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let listener = self.run(|| std::net::TcpListener::bind(address))?;
        // tokio takes over non-blocking sockets only.
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    }

    /// Connects from inside the namespace.
    pub(crate) async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = self.run(|| match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        })?;
        socket.connect(address).await
    }

    /// Writes a value under /proc/sys/net as the namespace sees it.
    pub(crate) fn sysctl(&self, settings: &[(&str, &str)]) -> io::Result<()> {
        self.run(|| {
            for (name, value) in settings {
                let path = format!("/proc/sys/{name}");
                fs::write(&path, value)
                    .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
            }
            Ok(())
        })
    }

    /// Removes the name. The kernel removes the namespace with its links and rules when the last process and
    /// socket in it are gone.
    pub(crate) fn remove(name: &str) -> io::Result<()> {
        let path = path_of(name);
        // Detached: the name goes now, even while somebody has the file open.
        match umount2(&path, MntFlags::MNT_DETACH) {
            // Not a mount: a start that was killed between two steps.
            Ok(()) | Err(Errno::EINVAL) => {}
            Err(Errno::ENOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Names of all namespaces that begin like this.
    pub(crate) fn names(prefix: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(DIRECTORY) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(prefix) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

fn path_of(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Makes /run/netns a shared mount, as `ip netns` does: what is unmounted there goes from all mount
/// namespaces.
fn prepare_directory() -> io::Result<()> {
    fs::create_dir_all(DIRECTORY)?;
    let shared = || mount(NONE, DIRECTORY, NONE, MsFlags::MS_SHARED | MsFlags::MS_REC, NONE);
    // EINVAL: the directory is no mount point yet.
    if shared() == Err(Errno::EINVAL) {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(DIRECTORY), DIRECTORY, NONE, flags, NONE)?;
        shared()?;
    }
    Ok(())
}

/// Runs a function in a thread of its own: namespaces belong to threads.
pub(crate) fn in_thread<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("namespace".to_owned())
            .spawn_scoped(scope, work)?;
        thread
            .join()
            .map_err(|_| io::Error::other("a thread in a namespace panicked"))
    })
}
