//! What is written and read again.

use std::path::Path;

use jiff::Timestamp;

use super::file::LONGEST;
use super::{Reader, Wanted, Writer, path};
use crate::kubelet::output::Channel;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn read(path: &Path, wanted: Wanted) -> String {
    let mut reader = Reader::open(path, wanted).unwrap();
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    String::from_utf8(all).unwrap()
}

#[test]
fn what_was_written_is_read_as_it_is_wanted() {
    let place = tempfile::tempdir().unwrap();
    let mut log = Writer::begin(place.path(), "app", 0).unwrap();
    log.write(Channel::Stdout, b"one\ntw", second(1)).unwrap();
    log.write(Channel::Stderr, b"bad\n", second(2)).unwrap();
    log.write(Channel::Stdout, b"o\nthree", second(3)).unwrap();
    log.finish(second(4)).unwrap();
    let path = path(place.path(), "app", 0);
    let wanted = Wanted::default;
    let cases = [
        (wanted(), "one\nbad\ntwo\nthree"),
        (
            Wanted {
                tail: Some(2),
                ..wanted()
            },
            "two\nthree",
        ),
        (
            Wanted {
                tail: Some(0),
                ..wanted()
            },
            "",
        ),
        (
            Wanted {
                tail: Some(9),
                ..wanted()
            },
            "one\nbad\ntwo\nthree",
        ),
        (
            Wanted {
                since: Some(second(3)),
                ..wanted()
            },
            "two\nthree",
        ),
        (
            Wanted {
                limit: Some(5),
                ..wanted()
            },
            "one\nb",
        ),
        (
            Wanted {
                stream: Some(Channel::Stderr),
                ..wanted()
            },
            "bad\n",
        ),
        (
            Wanted {
                timestamps: true,
                tail: Some(2),
                ..wanted()
            },
            "1970-01-01T00:00:03.000000000Z two\n1970-01-01T00:00:04.000000000Z three",
        ),
    ];
    for (wanted, expected) in cases {
        assert_eq!(read(&path, wanted.clone()), expected, "{wanted:?}");
    }
}

#[test]
fn long_lines_are_whole_again() {
    let place = tempfile::tempdir().unwrap();
    let mut log = Writer::begin(place.path(), "app", 3).unwrap();
    let text = format!("{}\nend\n", "x".repeat(3 * LONGEST + 5));
    for chunk in text.as_bytes().chunks(1000) {
        log.write(Channel::Stdout, chunk, second(1)).unwrap();
    }
    let path = path(place.path(), "app", 3);
    assert_eq!(read(&path, Wanted::default()), text);
    let timed = read(
        &path,
        Wanted {
            timestamps: true,
            ..Wanted::default()
        },
    );
    assert_eq!(timed.matches("1970-").count(), 2);
}

#[test]
fn of_former_starts_the_last_stays() {
    let place = tempfile::tempdir().unwrap();
    for restarts in 0..4 {
        Writer::begin(place.path(), "app", restarts).unwrap();
    }
    let there = |restarts| path(place.path(), "app", restarts).exists();
    assert_eq!([0, 1, 2, 3].map(there), [false, false, true, true]);
}
