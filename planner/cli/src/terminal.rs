//! The one place that writes to the user.

use std::io::{self, IsTerminal as _, Write as _};

use crate::render::style::Style;

/// Standard output and standard error, and what they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    colour: bool,
    /// Whether standard output is a terminal that can redraw lines.
    pub(crate) redraws: bool,
    /// Whether somebody can be asked.
    pub(crate) asks: bool,
}

impl Terminal {
    /// What this process was given. `colour` says whether colours are wanted; they are used on terminals only.
    /// `dumb` terminals are not redrawn.
    pub(crate) fn new(colour: bool, dumb: bool) -> Self {
        Terminal {
            colour: colour && !dumb,
            redraws: io::stdout().is_terminal() && !dumb,
            asks: io::stdin().is_terminal(),
        }
    }

    /// The colours of standard output.
    pub(crate) fn style(self) -> Style {
        Style::new(self.colour && io::stdout().is_terminal())
    }

    /// The colours of standard error.
    pub(crate) fn error_style(self) -> Style {
        Style::new(self.colour && io::stderr().is_terminal())
    }

    /// The width for messages on standard error: none for files, so that a sentence stays on one line.
    pub(crate) fn error_width(self) -> Option<usize> {
        io::stderr().is_terminal().then(|| self.size().0.clamp(40, 120))
    }

    /// Columns and lines.
    pub(crate) fn size(self) -> (usize, usize) {
        terminal_size::terminal_size().map_or((80, 24), |(w, h)| (w.0.into(), h.0.into()))
    }

    /// Writes to standard output; an error is most often that nobody reads any more.
    pub(crate) fn out(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes to standard error. If even that fails, there is nobody left to tell.
    pub(crate) fn err(self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Asks, and takes one line; `None` at the end of the input.
    pub(crate) fn ask(self, question: &str) -> io::Result<Option<String>> {
        self.out(question)?;
        let mut line = String::new();
        let count = io::stdin().read_line(&mut line)?;
        Ok((count > 0).then(|| line.trim().to_owned()))
    }
}
