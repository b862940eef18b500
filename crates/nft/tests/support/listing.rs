//! What `nft` lists, in an order that does not depend on history: blocks by name, elements by their text.

/// The blocks of a listed table, sorted. The order of rules in a chain stays.
pub(crate) fn normal(listed: &str) -> Vec<String> {
    let inside = listed.split_once('\n').map_or("", |(_, inside)| inside);
    let mut blocks: Vec<String> = inside.split("\n\n").map(block).collect();
    blocks.sort();
    blocks
}

fn block(text: &str) -> String {
    let Some((head, elements)) = text.split_once("elements = {") else {
        return text.trim_end_matches(['\n', '}']).to_owned();
    };
    let mut elements: Vec<&str> = elements
        .trim_end()
        .trim_end_matches(['}', '\n', '\t'])
        .split(',')
        .map(str::trim)
        .collect();
    elements.sort_unstable();
    format!("{head}{}", elements.join("\n"))
}
