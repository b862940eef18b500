//! What a newcomer types first: kubectl logs, exec, attach, cp, port-forward, with every installed version of
//! kubectl: old ones speak SPDY, new ones WebSocket.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use kinglet_test_support::until;
use serde_json::json;

use crate::lab::{self, Lab};
use crate::{hello, tools};

/// How long kubectl may take until it has connected, on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// A kubectl of one version, for a lab.
struct Kubectl<'a> {
    program: PathBuf,
    lab: &'a Lab,
}

impl Kubectl<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("KUBECONFIG", self.lab.kubeconfig())
            .env("KUBECACHEDIR", self.lab.kubeconfig().with_file_name("cache"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Standard output and standard error of a command that succeeds.
    fn both(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let (printed, error) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "{} {arguments:?}: {printed}{error}",
            self.program.display()
        );
        (printed, error)
    }

    fn prints(&self, arguments: &[&str]) -> String {
        self.both(arguments).0
    }

    /// Standard error of a command that fails with a code.
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        error
    }

    /// With this at its standard input.
    fn fed(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            // Apart: the program answers before it has read everything.
            scope.spawn(move || stdin.write_all(input).unwrap());
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "{arguments:?}");
        output.stdout
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A kubectl that runs on; it is ended when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A lab of one node with a program that talks, and an echo server.
fn lab() -> Lab {
    let lab = Lab::up(&["--nodes=1", "--services=none"]);
    let script = "echo first; sleep 0.2; echo second >&2; printf third; trap 'exit 0' TERM; while read line; do echo \
                  heard $line; done; while sleep 0.1; do :; done";
    lab.apply(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talks", "namespace": "default"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [
            {
                "name": "app", "image": "x", "command": ["sh", "-c", script], "stdin": true,
                "workingDir": "/tmp", "env": [{"name": "COLOR", "value": "blue"}],
            },
            {"name": "echo", "image": "kinglet/echo:1", "ports": [{"containerPort": 80}]},
        ]},
    }));
    lab.apply(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "fails", "namespace": "default"},
        "spec": {"containers": [{
            "name": "app", "image": "x", "command": ["sh", "-c", "echo run $$; exit 3"],
        }]},
    }));
    lab.kubectl(&["wait", "--for=condition=Ready", "pod/talks", "--timeout=30s"]);
    lab
}

/// Runs a test with every version of kubectl.
fn with_each(test: impl Fn(&Kubectl<'_>)) {
    if !lab::is_possible() || hello::newest_kubectl().is_none() {
        return;
    }
    let lab = lab();
    for version in tools::kubectl_versions() {
        eprintln!("kubectl {version}");
        test(&Kubectl {
            program: tools::folder().join("bin").join(format!("kubectl-{version}")),
            lab: &lab,
        });
    }
}

#[test]
fn logs() {
    with_each(|kubectl| {
        let logs = |arguments: &[&str]| kubectl.prints(&[&["logs", "talks"], arguments].concat());
        // A line without end is not written down before it has one.
        assert_eq!(logs(&["-c", "app", "--tail=2"]), "first\nsecond\n");
        assert_eq!(logs(&["-c", "app", "--tail=1"]), "second\n");
        assert_eq!(logs(&["-c", "app", "--limit-bytes=3"]), "fir");
        assert_eq!(logs(&["-c", "app", "--since-time=2100-01-01T00:00:00Z"]), "");
        assert_eq!(logs(&["-c", "echo"]), "echo server on 80/tcp\n");
        let timed = logs(&["-c", "app", "--timestamps", "--tail=1"]);
        let (time, line) = timed.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.len() == 30, "{timed}");
        assert_eq!(line, "second\n");
        let missing = kubectl.fails(&["logs", "talks", "-c", "nobody"], 1);
        assert!(
            missing.contains("container nobody is not valid for pod talks"),
            "{missing}"
        );
        let previous = kubectl.fails(&["logs", "talks", "-c", "app", "-p"], 1);
        assert!(previous.contains("previous terminated container"), "{previous}");
        // One that fails shows its last run while it waits for the next one.
        until(DEADLINE, || {
            let output = kubectl.run(&["logs", "fails", "-p"]);
            let (printed, error) = (text(&output.stdout), text(&output.stderr));
            if printed.starts_with("run ") {
                Ok(())
            } else {
                Err(error)
            }
        });
    });
}

#[test]
fn followed_logs_end_with_the_container() {
    with_each(|kubectl| {
        let name = "ends";
        kubectl.lab.apply(&json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"restartPolicy": "Never", "containers": [{
                "name": "app", "image": "x", "command": ["sh", "-c", "echo one; read line; echo got $line"], "stdin": true,
            }]},
        }));
        kubectl.prints(&["wait", "--for=condition=Ready", "pod/ends", "--timeout=30s"]);
        let followed = kubectl
            .command(&["logs", "-f", name])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It ends by itself when the program has read a line.
        kubectl.fed(&["attach", "-i", name], b"this\n");
        let output = followed.wait_with_output().unwrap();
        assert_eq!(text(&output.stdout), "one\ngot this\n");
        kubectl.prints(&["delete", "pod", name]);
    });
}

/// The words of a command in a container.
fn within<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let command = ["exec", "talks", "-c", "app", "--"];
    [&command[..], arguments].concat()
}

#[test]
fn exec() {
    with_each(|kubectl| {
        // The environment, the directory and the names of the container.
        let script = "echo $COLOR $PWD $(hostname); echo bad >&2";
        let (printed, error) = kubectl.both(&within(&["sh", "-c", script]));
        assert_eq!((printed.as_str(), error.as_str()), ("blue /tmp talks\n", "bad\n"));
        // Its network.
        let address = kubectl.prints(&["get", "pod", "talks", "-o", "jsonpath={.status.podIP}"]);
        let own = kubectl.prints(&within(&["ip", "-4", "addr", "show", "eth0"]));
        assert!(own.contains(&address), "{address}: {own}");
        let failed = kubectl.fails(&within(&["sh", "-c", "exit 7"]), 7);
        assert!(failed.contains("exit code 7"), "{failed}");
        let missing = kubectl.fails(&within(&["no-such-program"]), 1);
        assert!(missing.contains("no-such-program"), "{missing}");
        // Much both ways, at once.
        let input = b"0123456789abcdef".repeat(200_000);
        let command = ["exec", "-i", "talks", "-c", "echo", "--"];
        let copied = kubectl.fed(&[&command[..], &["head", "-c", "3200000"]].concat(), &input);
        assert!(copied == input, "{} bytes of {}", copied.len(), input.len());
        // The end of the input is what the program waits for.
        assert_eq!(kubectl.fed(&[&command[..], &["cat"]].concat(), b"all"), b"all");
    });
}

#[test]
fn terminals() {
    with_each(|kubectl| {
        // `script` gives kubectl a terminal of its own.
        let line = format!(
            "{} exec -it talks -c app -- sh -c 'tty; stty size; echo $TERM'",
            kubectl.program.display()
        );
        let output = Command::new("script")
            .args(["-qec", &format!("stty rows 33 cols 77; {line}"), "/dev/null"])
            .env("KUBECONFIG", kubectl.lab.kubeconfig())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = text(&output.stdout);
        assert!(printed.contains("/dev/pts/"), "{printed}");
        assert!(printed.contains("33 77"), "{printed}");
    });
}

#[test]
fn copies() {
    with_each(|kubectl| {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("sent"), b"content".repeat(100_000)).unwrap();
        kubectl.prints(&[
            "cp",
            "-c",
            "app",
            &path("sent"),
            &format!("talks:{}", path("there")),
        ]);
        kubectl.prints(&[
            "cp",
            "-c",
            "app",
            &format!("talks:{}", path("there")),
            &path("back"),
        ]);
        let (sent, back) = (std::fs::read(path("sent")), std::fs::read(path("back")));
        assert!(sent.unwrap() == back.unwrap());
    });
}

#[test]
fn port_forward() {
    with_each(|kubectl| {
        let mut child = kubectl
            .command(&["port-forward", "pod/talks", ":80", ":81"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Held to the end: kubectl goes on writing to it.
        let mut printed = child.stdout.take().unwrap();
        let _running = Running(child);
        let (open, closed) = ports(&mut printed);
        // Several at once. The echo server does not read what is posted, and resets the connection.
        std::thread::scope(|scope| {
            for size in [0, 10].into_iter().chain([300_000; 8]) {
                scope.spawn(move || {
                    let answer = post(open, size);
                    assert!(answer.starts_with("HTTP/1.1 200"), "{size}: {answer:?}");
                    assert!(answer.contains("default/talks"), "{answer}");
                });
            }
        });
        echoes(open);
        // Nobody listens there: the connection ends without a byte.
        let mut stream = TcpStream::connect(("127.0.0.1", closed)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        assert!(read.is_err() || answer.is_empty(), "{answer:?}");
    });
}

/// The answer to a request with a body, as far as it comes.
fn post(port: u16, size: usize) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Either may end by a reset: the answer is there before.
    let _ = stream.write_all(&vec![b'x'; size]);
    let _ = stream.read_to_end(&mut answer);
    text(&answer)
}

/// What is no HTTP comes back, byte for byte, after a line of JSON.
fn echoes(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let sent = b"0123456789\n".repeat(50_000);
    let mut answer = Vec::new();
    std::thread::scope(|scope| {
        let mut writer = stream.try_clone().unwrap();
        let sent = &sent;
        scope.spawn(move || {
            writer.write_all(sent).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        stream.read_to_end(&mut answer).unwrap();
    });
    let line = answer.iter().position(|byte| *byte == b'\n').unwrap();
    assert!(
        answer[line + 1..] == sent,
        "{} bytes of {}",
        answer.len(),
        sent.len()
    );
}

/// The local ports that kubectl has chosen for the two of the pod.
fn ports(printed: &mut impl Read) -> (u16, u16) {
    let mut all = String::new();
    let mut buffer = [0; 256];
    loop {
        let of = |port: u16| {
            let line = all.lines().find(|line| {
                line.starts_with("Forwarding from 127.0.0.1:") && line.ends_with(&format!("-> {port}"))
            })?;
            line["Forwarding from 127.0.0.1:".len()..]
                .split(' ')
                .next()?
                .parse()
                .ok()
        };
        if let (Some(open), Some(closed)) = (of(80), of(81)) {
            return (open, closed);
        }
        let count = printed.read(&mut buffer).unwrap();
        assert!(count > 0, "kubectl has ended: {all}");
        all += &String::from_utf8_lossy(&buffer[..count]);
    }
}

#[test]
fn run_with_a_terminal() {
    with_each(|kubectl| {
        let program = kubectl.program.display();
        let line = format!(
            "{program} run asks --rm -i --restart=Never --image=x --command -- sh -c 'read line; echo heard $line'"
        );
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .env("KUBECONFIG", kubectl.lab.kubeconfig())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"that\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let printed = text(&output.stdout);
        assert!(printed.contains("heard that"), "{printed}");
    });
}

#[test]
fn a_node_that_is_cut_off_is_named() {
    if !lab::is_possible() || hello::newest_kubectl().is_none() {
        return;
    }
    let lab = lab();
    let kubectl = Kubectl {
        program: hello::newest_kubectl().unwrap(),
        lab: &lab,
    };
    lab.succeed(&["partition", "node-1"]);
    let error = kubectl.fails(&["logs", "talks", "-c", "app"], 1);
    assert!(error.contains("the kubelet of node \"node-1\""), "{error}");
    lab.succeed(&["heal", "node-1"]);
    let printed = kubectl.prints(&["logs", "talks", "-c", "app"]);
    assert!(printed.starts_with("first\n"), "{printed}");
}
