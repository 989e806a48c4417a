//! Lines of somebody else's file that are set aside: commented out under the mark of a bridge, and taken back.

/// What a line that was set aside begins with.
pub(super) fn mark(bridge: &str) -> String {
    format!("#cplan {bridge}: ")
}

/// The text with every line for which it is asked set aside.
pub(super) fn set_aside(text: &str, bridge: &str, lines: &[usize]) -> String {
    let mark = mark(bridge);
    text.split_inclusive('\n')
        .enumerate()
        .map(|(n, line)| if lines.contains(&n) { format!("{mark}{line}") } else { line.to_owned() })
        .collect()
}

/// The text with all that was set aside for a bridge back in its place.
pub(super) fn take_back(text: &str, bridge: &str) -> String {
    let mark = mark(bridge);
    text.split_inclusive('\n').map(|line| line.strip_prefix(&mark).unwrap_or(line)).collect()
}
