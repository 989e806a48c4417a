//! Repetitions: what they repeat, and how often they may.

use super::syntax::{Group, Syntax, last, wrong};

/// Repetitions within repetitions multiply to at most this.
pub(super) const MOST_REPEATS: u64 = 1000;

/// Repeats what stands last: `operator` as it is spelled in `here`, and whether it is lazy.
pub(super) fn repeat<'a>(
    open: &mut [Group],
    here: &str,
    operator: &str,
    after: &'a str,
    repeated: Option<&str>,
    times: u64,
) -> Syntax<&'a str> {
    let (lazy, after) = after.strip_prefix('?').map_or(("", after), |after| ("?", after));
    let spelled = &here[..here.len() - after.len()];
    if let Some(before) = repeated {
        return wrong("invalid nested repetition operator", &before[..before.len() - after.len()]);
    }
    let Some(piece) = last(open).pieces.iter_mut().rev().find(|piece| piece.atom) else {
        return wrong("missing argument to repetition operator", spelled);
    };
    if times > 1 || operator.starts_with('{') {
        let weight = piece.weight.saturating_mul(times.max(1));
        if times >= 2 && weight > MOST_REPEATS {
            return wrong("invalid repeat count", spelled);
        }
        piece.weight = weight;
    }
    piece.text = format!("(?:{}){operator}{lazy}", piece.text);
    Ok(after)
}

/// `{n}`, `{n,}` or `{n,m}`: the least, the most, what follows. Anything else is a brace that means itself.
pub(super) fn counts(rest: &str) -> Option<(u64, Option<u64>, &str)> {
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let digits = &text[..end];
        (!digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0')))
            .then(|| (digits.parse::<u64>().unwrap_or(u64::MAX), text.len() - end))
    };
    let body = &rest[1..];
    let (least, left) = number(body)?;
    let after = &body[body.len() - left..];
    if let Some(after) = after.strip_prefix('}') {
        return Some((least, Some(least), after));
    }
    let after = after.strip_prefix(',')?;
    if let Some(after) = after.strip_prefix('}') {
        return Some((least, None, after));
    }
    let (most, left) = number(after)?;
    Some((least, Some(most), after[after.len() - left..].strip_prefix('}')?))
}
