//! Transcripts: commands and what they must print.
//!
//! ```text
//! # a comment
//! $ kubectl get namespace default
//! NAME      STATUS   AGE
//! default   Active   [..]
//! $ kubectl get namespace nowhere
//! Error from server (NotFound): namespaces "nowhere" not found
//! ? 1
//! ```
//!
//! Standard output and standard error stand together. `[..]` matches any text within a line, a line `...` any
//! number of lines, `? N` is an exit code other than 0. `$@>=1.30` and `$@<1.30` run a command with some
//! versions of kubectl only. A line that ends in `\` goes on in the next.

use std::path::Path;
use std::process::Command;

/// A parsed transcript.
pub(crate) struct Transcript {
    name: String,
    steps: Vec<Step>,
}

struct Step {
    line: usize,
    versions: Option<(bool, u32)>,
    command: String,
    expected: Vec<String>,
    code: i32,
}

impl Transcript {
    /// Reads a transcript file.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut steps: Vec<Step> = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if line.starts_with('$') {
                let mut command = line.to_owned();
                while command.ends_with('\\') {
                    command.pop();
                    command.push_str(lines.next().expect("a continued line").1);
                }
                steps.push(Step::parse(number + 1, &command));
            } else if let Some(step) = steps.last_mut() {
                step.expect(line);
            }
        }
        assert!(!steps.is_empty(), "{}: no commands", path.display());
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            steps,
        }
    }

    /// Runs all commands in `folder` with a kubectl of that minor version; returns what did not print what it
    /// must.
    pub(crate) fn run(&self, folder: &Path, environment: &[(&str, &Path)], minor: u32) -> Vec<String> {
        let mut steps = self.steps.iter().filter(|step| step.applies_to(minor)).peekable();
        assert!(
            steps.peek().is_some(),
            "{}: nothing to run with kubectl 1.{minor}",
            self.name
        );
        steps
            .filter_map(|step| {
                step.run(folder, environment)
                    .err()
                    .map(|error| (step.line, error))
            })
            .map(|(line, error)| format!("{}:{line} with kubectl 1.{minor}\n{error}", self.name))
            .collect()
    }
}

impl Step {
    fn parse(line: usize, text: &str) -> Self {
        let text = text.trim_start_matches('$');
        let (versions, command) = match text.strip_prefix('@') {
            None => (None, text),
            Some(rest) => {
                let (condition, command) = rest.split_once(' ').expect("a command");
                let at_least = condition.starts_with(">=");
                let minor = condition
                    .rsplit('.')
                    .next()
                    .unwrap()
                    .parse()
                    .expect("a version such as >=1.30");
                (Some((at_least, minor)), command)
            }
        };
        Self {
            line,
            versions,
            command: command.trim().to_owned(),
            expected: Vec::new(),
            code: 0,
        }
    }

    fn expect(&mut self, line: &str) {
        if let Some(code) = line.strip_prefix("? ") {
            self.code = code.trim().parse().expect("an exit code");
        } else if !line.starts_with('#') {
            self.expected.push(line.to_owned());
        }
    }

    fn applies_to(&self, minor: u32) -> bool {
        self.versions
            .is_none_or(|(at_least, bound)| (minor >= bound) == at_least)
    }

    fn run(&self, folder: &Path, environment: &[(&str, &Path)]) -> Result<(), String> {
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{}", self.command)])
            .current_dir(folder)
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let actual: Vec<&str> = trim_end(printed.lines().map(str::trim_end).collect());
        let expected: Vec<&str> = trim_end(self.expected.iter().map(|line| line.trim_end()).collect());
        let code = output.status.code();
        if matches(&expected, &actual) && code == Some(self.code) {
            return Ok(());
        }
        Err(format!(
            "$ {}\n--- expected (exit {})\n{}\n--- printed (exit {code:?})\n{}\n",
            self.command,
            self.code,
            expected.join("\n"),
            actual.join("\n"),
        ))
    }
}

/// Without blank lines at the end: they separate steps in the file.
fn trim_end(mut lines: Vec<&str>) -> Vec<&str> {
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

fn matches(expected: &[&str], actual: &[&str]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"...", rest)) => (0..=actual.len()).any(|skipped| matches(rest, &actual[skipped..])),
        Some((line, rest)) => actual
            .split_first()
            .is_some_and(|(first, others)| line_matches(line, first) && matches(rest, others)),
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

#[test]
fn patterns() {
    assert!(
        line_matches("a [..] c", "a b c") && line_matches("[..]", "") && !line_matches("a [..] c", "a b d")
    );
    assert!(matches(&["a", "...", "d"], &["a", "b", "c", "d"]) && matches(&["..."], &[]));
    assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "b"], &["a"]));
}
