//! Where top-level blocks begin, told from the text alone, so that an error in one does not hide those in others.

use std::collections::HashMap;
use std::ops::Range;

use crate::load::{BLOCKS, LATER};

/// The pieces of a file, each beginning with a block's first line (the first with whatever stands before).
pub(super) fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let mut heredoc: Option<String> = None;
    let mut comment = false;
    let mut offset = 0;
    // Where each text stands alone on a line for the last time: a heredoc or a comment that is never closed must not
    // hide all blocks after it.
    let mut last: HashMap<&str, usize> = HashMap::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        last.insert(line.trim(), at);
        at += line.len();
    }
    let last_comment = text.rfind("*/").unwrap_or(0);
    for line in text.split_inclusive('\n') {
        match &heredoc {
            Some(end) if line.trim() == end => heredoc = None,
            Some(_) => {}
            _ if comment => comment = !line.contains("*/"),
            _ => {
                let begins = line.trim_start().starts_with("/*") && !line.contains("*/");
                comment = begins && last_comment > offset;
                heredoc = opened(line).filter(|end| last.get(end.as_str()).is_some_and(|at| *at > offset));
                if offset > 0 && begins_block(line) {
                    starts.push(offset);
                }
            }
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

fn begins_block(line: &str) -> bool {
    let word = line.split([' ', '\t', '{', '"', '\n', '\r']).next().unwrap_or("");
    (BLOCKS.contains(&word) || LATER.contains(&word)) && line.contains(['{', '"'])
}

/// The delimiter of a heredoc that begins in this line.
pub(super) fn opened(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("<<")?;
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_end();
    (!rest.is_empty() && rest.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')).then(|| rest.to_owned())
}

/// The text with everything but the line ends made blank; as many bytes as before.
pub(super) fn blank(text: &str) -> String {
    text.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect()
}
