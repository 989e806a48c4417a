//! Colours: a second carrier beside words and symbols, never the only one.

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something is made, or is well.
    Good,
    /// Something changes, or a warning.
    Change,
    /// Something goes, or an error.
    Bad,
    /// Something is read, or a place in a file.
    Info,
    /// A heading.
    Strong,
    /// What can be skipped when reading.
    Faint,
}

/// Paints, or does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    /// With colours or without.
    pub(crate) fn new(colour: bool) -> Self {
        Style { colour }
    }

    /// Without colours, as tests and files want it.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Style { colour: false }
    }

    /// The text in its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Change => "33",
            Tone::Bad => "31",
            Tone::Info => "36",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The text in its tone and bold.
    pub(crate) fn bold(self, tone: Tone, text: &str) -> String {
        if self.colour { format!("\x1b[1m{}", self.paint(tone, text)) } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_only_where_asked() {
        assert_eq!(Style::new(true).paint(Tone::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Style::plain().bold(Tone::Bad, "x"), "x");
    }
}
