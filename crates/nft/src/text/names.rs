//! The words that the `nft` program prints for numbers and bits.

use crate::types::{AddressType, CtState, CtStatus};

/// The word for a transport protocol, or its number.
pub(super) fn protocol(number: u8) -> String {
    let word = match number {
        1 => "icmp",
        2 => "igmp",
        4 => "ipencap",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        41 => "ipv6",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "ipv6-icmp",
        108 => "ipcomp",
        132 => "sctp",
        136 => "udplite",
        other => return other.to_string(),
    };
    word.into()
}

/// The words for states, in the order of their bits.
pub(super) fn ct_states(CtState(bits): CtState) -> String {
    let words = [
        (1, "invalid"),
        (2, "established"),
        (4, "related"),
        (8, "new"),
        (0x40, "untracked"),
    ];
    bit_words(bits, &words)
}

/// The words for facts, in the order of their bits.
pub(super) fn ct_statuses(CtStatus(bits): CtStatus) -> String {
    let words = [
        (1, "expected"),
        (1 << 1, "seen-reply"),
        (1 << 2, "assured"),
        (1 << 3, "confirmed"),
        (1 << 4, "snat"),
        (1 << 5, "dnat"),
        (1 << 9, "dying"),
    ];
    bit_words(bits, &words)
}

fn bit_words(bits: u32, words: &[(u32, &str)]) -> String {
    let known: u32 = words.iter().fold(0, |known, (bit, _)| known | bit);
    let named = words.iter().filter(|(bit, _)| bits & bit != 0);
    let mut parts: Vec<String> = named.map(|(_, word)| (*word).to_owned()).collect();
    if bits & !known != 0 || parts.is_empty() {
        parts.push(format!("0x{:x}", bits & !known));
    }
    parts.join(",")
}

/// The word for what an address is, or its number.
pub(super) fn address_type(AddressType(number): AddressType) -> String {
    let word = match number {
        0 => "unspec",
        1 => "unicast",
        2 => "local",
        3 => "broadcast",
        4 => "anycast",
        5 => "multicast",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        other => return other.to_string(),
    };
    word.into()
}

/// The word for the type of an ICMP message, or its number.
pub(super) fn icmp_type(number: u8) -> String {
    let word = match number {
        0 => "echo-reply",
        3 => "destination-unreachable",
        4 => "source-quench",
        5 => "redirect",
        8 => "echo-request",
        9 => "router-advertisement",
        10 => "router-solicitation",
        11 => "time-exceeded",
        12 => "parameter-problem",
        13 => "timestamp-request",
        14 => "timestamp-reply",
        15 => "info-request",
        16 => "info-reply",
        17 => "address-mask-request",
        18 => "address-mask-reply",
        other => return other.to_string(),
    };
    word.into()
}

/// The word for the type of an ICMPv6 message, or its number.
pub(super) fn icmpv6_type(number: u8) -> String {
    let word = match number {
        1 => "destination-unreachable",
        2 => "packet-too-big",
        3 => "time-exceeded",
        4 => "parameter-problem",
        128 => "echo-request",
        129 => "echo-reply",
        130 => "mld-listener-query",
        131 => "mld-listener-report",
        132 => "mld-listener-done",
        133 => "nd-router-solicit",
        134 => "nd-router-advert",
        135 => "nd-neighbor-solicit",
        136 => "nd-neighbor-advert",
        137 => "nd-redirect",
        138 => "router-renumbering",
        141 => "ind-neighbor-solicit",
        142 => "ind-neighbor-advert",
        143 => "mld2-listener-report",
        other => return other.to_string(),
    };
    word.into()
}
