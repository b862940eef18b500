//! Domain names in wire format (RFC 1035 section 3.1).
//!
//! A name is a run of labels, each behind its length, and ends with the empty root label. Length octets are
//! at most 63, below the letters, so that a whole name can be lower-cased octet by octet without looking at
//! its labels.

use std::fmt;

/// Longest name in octets, root label included (RFC 1035 section 2.3.4).
pub(crate) const MAX_NAME: usize = 255;
/// Longest label in octets (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;
/// Most labels that a name can have, without the root label.
const MAX_LABELS: usize = 127;

/// Why octets or text are not a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The octets end before the root label.
    #[error("the name is cut off")]
    Short,
    /// A length octet above 63: a compression pointer (which no question can contain) or a reserved form.
    #[error("the name contains a compression pointer or a reserved label type")]
    LabelType,
    /// More than 255 octets.
    #[error("the name is longer than 255 octets")]
    Long,
    /// A label of text is empty, longer than 63 octets or holds a character that needs an escape.
    #[error("a label is empty, longer than 63 characters or holds an unusual character")]
    Label,
}

/// An absolute name in wire format, spelled as given.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// Reads a host name in text, with or without the final dot. Labels are made of letters, digits, `-` and
    /// `_`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split('.') {
            push_label(&mut wire, label)?;
        }
        wire.push(0);
        if wire.len() > MAX_NAME {
            return Err(NameError::Long);
        }
        Ok(Self(wire.into()))
    }

    /// The name in wire format.
    #[inline]
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// The name in lower case.
    pub fn to_lowercase(&self) -> Self {
        Self(self.0.to_ascii_lowercase().into())
    }

    /// Number of labels without the root label.
    pub fn labels(&self) -> usize {
        QueryName::read(&self.0).map_or(0, |name| name.labels())
    }
}

/// Presentation format with the final dot (RFC 1035 section 5.1).
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_labels(f, &self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_labels(f: &mut fmt::Formatter<'_>, mut wire: &[u8]) -> fmt::Result {
    while let Some((&length, rest)) = wire.split_first() {
        let Some((label, rest)) = rest.split_at_checked(usize::from(length)) else {
            break;
        };
        if length > 0 {
            write!(f, "{}.", label.escape_ascii())?;
        }
        wire = rest;
    }
    Ok(())
}

/// Appends a label of a host name, in its own case.
pub fn push_label(wire: &mut Vec<u8>, label: &str) -> Result<(), NameError> {
    let usual = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if label.is_empty() || label.len() > MAX_LABEL || !label.bytes().all(usual) {
        return Err(NameError::Label);
    }
    wire.push(label.len() as u8);
    wire.extend_from_slice(label.as_bytes());
    Ok(())
}

/// A name of a question: the octets as received, and what a look-up needs of them. All of it is on the stack.
pub struct QueryName<'m> {
    spelled: &'m [u8],
    lower: [u8; MAX_NAME],
    starts: [u8; MAX_LABELS + 1],
    labels: usize,
}

impl<'m> QueryName<'m> {
    /// Reads the name at the start of `octets` and ignores what follows it.
    pub fn read(octets: &'m [u8]) -> Result<Self, NameError> {
        let mut starts = [0; MAX_LABELS + 1];
        let (mut labels, mut at) = (0, 0);
        loop {
            let length = usize::from(*octets.get(at).ok_or(NameError::Short)?);
            // The question is the first name of a message: there is nothing that a pointer could point back
            // to (RFC 1035 section 4.1.4).
            if length > MAX_LABEL {
                return Err(NameError::LabelType);
            }
            // A name that is too long is found here before `starts` overflows: 127 labels take 254 octets.
            if at + length >= MAX_NAME {
                return Err(NameError::Long);
            }
            if let Some(start) = starts.get_mut(labels) {
                *start = at as u8;
            }
            at += 1 + length;
            if length == 0 {
                break;
            }
            labels += 1;
        }
        let spelled = octets.get(..at).ok_or(NameError::Short)?;
        // Names are compared without regard to case, of ASCII letters only (RFC 4343).
        let mut lower = [0; MAX_NAME];
        for (lower, spelled) in lower.iter_mut().zip(spelled) {
            *lower = spelled.to_ascii_lowercase();
        }
        Ok(Self {
            spelled,
            lower,
            starts,
            labels,
        })
    }

    /// The name as it came, root label included.
    #[inline]
    pub fn spelled(&self) -> &'m [u8] {
        self.spelled
    }

    /// The name in lower case, root label included.
    #[inline]
    pub fn lower(&self) -> &[u8] {
        self.lower.get(..self.spelled.len()).unwrap_or_default()
    }

    /// Number of labels without the root label.
    #[inline]
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Where label `index` starts, counted from the left; `labels()` is the root label.
    #[inline]
    pub fn start(&self, index: usize) -> usize {
        self.starts.get(index).map_or(0, |&start| usize::from(start))
    }

    /// The labels `from..to` in lower case and wire format.
    #[inline]
    pub fn range(&self, from: usize, to: usize) -> &[u8] {
        self.lower
            .get(self.start(from)..self.start(to))
            .unwrap_or_default()
    }

    /// The text of label `index` in lower case.
    #[inline]
    pub fn label(&self, index: usize) -> &[u8] {
        self.range(index, index + 1).get(1..).unwrap_or_default()
    }

    /// Where the name `zone` (in lower case, with `labels` labels) starts, if this name is it or below it.
    #[inline]
    pub fn offset_of(&self, zone: &Name, labels: usize) -> Option<usize> {
        // Counted in labels, so that `acluster.local` is not below `cluster.local`.
        let start = self.start(self.labels.checked_sub(labels)?);
        (self.lower().get(start..)? == zone.as_wire()).then_some(start)
    }
}

impl fmt::Display for QueryName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels == 0 {
            return f.write_str(".");
        }
        write_labels(f, self.spelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_labels_and_lowers_case() {
        let wire = b"\x03WeB\x07default\x00rest";
        let name = QueryName::read(wire).unwrap();
        assert_eq!(name.labels(), 2);
        assert_eq!(name.label(0), b"web");
        assert_eq!(name.label(1), b"default");
        assert_eq!(name.range(0, 2), b"\x03web\x07default");
        assert_eq!(name.spelled(), b"\x03WeB\x07default\x00");
        assert_eq!(name.to_string(), "WeB.default.");
    }

    #[test]
    fn refuses_what_is_no_name() {
        assert_eq!(QueryName::read(b"").err(), Some(NameError::Short));
        assert_eq!(QueryName::read(b"\x03ab").err(), Some(NameError::Short));
        assert_eq!(QueryName::read(b"\xc0\x0c").err(), Some(NameError::LabelType));
        assert_eq!(QueryName::read(&[1; 300]).err(), Some(NameError::Long));
        assert_eq!(Name::parse("a..b").err(), Some(NameError::Label));
        assert_eq!(Name::parse("a b").err(), Some(NameError::Label));
        assert_eq!(Name::parse("").err(), Some(NameError::Label));
    }

    #[test]
    fn the_longest_name_has_127_labels() {
        let mut wire = b"\x01a".repeat(127);
        wire.push(0);
        assert_eq!(QueryName::read(&wire).unwrap().labels(), 127);
        wire = b"\x01a".repeat(128);
        assert_eq!(QueryName::read(&wire).err(), Some(NameError::Long));
    }

    #[test]
    fn finds_the_zone_at_label_boundaries_only() {
        let zone = Name::parse("cluster.local").unwrap();
        let offset = |text: &str| {
            let name = Name::parse(text).unwrap();
            QueryName::read(name.as_wire())
                .unwrap()
                .offset_of(&zone, zone.labels())
        };
        assert_eq!(offset("Cluster.LOCAL"), Some(0));
        assert_eq!(offset("a.cluster.local"), Some(2));
        assert_eq!(offset("acluster.local"), None);
        assert_eq!(offset("local"), None);
    }
}
