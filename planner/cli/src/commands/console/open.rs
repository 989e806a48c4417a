//! Whether what was typed so far goes on with the next line.

use std::iter::Peekable;
use std::str::Chars;

/// Whether a bracket or a heredoc is open at the end of a text. Texts in quotes end with their line.
pub(super) fn is_open(text: &str) -> bool {
    let mut scan = Scan { chars: text.chars().peekable(), depth: 0 };
    scan.code()
}

struct Scan<'a> {
    chars: Peekable<Chars<'a>>,
    depth: i32,
}

impl Scan<'_> {
    /// Walks over code; true where the text ends within something.
    fn code(&mut self) -> bool {
        while let Some(c) = self.chars.next() {
            match c {
                '(' | '[' | '{' => self.depth += 1,
                ')' | ']' | '}' => self.depth -= 1,
                '"' => self.quoted(),
                '#' => self.line(),
                '/' if self.chars.peek() == Some(&'/') => self.line(),
                '/' if self.chars.next_if_eq(&'*').is_some() && self.comment() => return true,
                '<' if self.chars.next_if_eq(&'<').is_some() && self.heredoc() => return true,
                _ => {}
            }
        }
        self.depth > 0
    }

    /// To the closing quote, or to the end of the line; `${` and `%{` hold code of their own.
    fn quoted(&mut self) {
        let mut inner = 0;
        let mut before = ' ';
        while let Some(&c) = self.chars.peek() {
            if c == '\n' {
                return;
            }
            self.chars.next();
            match c {
                '\\' if inner == 0 => {
                    self.chars.next();
                }
                '"' if inner == 0 => return,
                '"' => self.quoted(),
                '{' if inner > 0 || matches!(before, '$' | '%') => inner += 1,
                '}' if inner > 0 => inner -= 1,
                _ => {}
            }
            // `$${` is a text and no code.
            before = if c == before && matches!(c, '$' | '%') { ' ' } else { c };
        }
    }

    fn line(&mut self) {
        while self.chars.next().is_some_and(|c| c != '\n') {}
    }

    fn comment(&mut self) -> bool {
        let mut before = ' ';
        for c in self.chars.by_ref() {
            if before == '*' && c == '/' {
                return false;
            }
            before = c;
        }
        true
    }

    /// To the line that holds nothing but the delimiter.
    fn heredoc(&mut self) -> bool {
        self.chars.next_if_eq(&'-');
        let mut lines = String::new();
        while let Some(&c) = self.chars.peek()
            && c != '\n'
        {
            lines.push(c);
            self.chars.next();
        }
        let delimiter = lines.trim_end().to_owned();
        let named = delimiter.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if !named || !delimiter.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            return false;
        }
        let mut line = String::new();
        self.chars.next();
        for c in self.chars.by_ref() {
            if c == '\n' {
                if line.trim() == delimiter {
                    return false;
                }
                line.clear();
            } else {
                line.push(c);
                // The delimiter may be followed by what closes a bracket around it.
                if let Some(rest) = line.trim_start().strip_prefix(&*delimiter)
                    && rest.starts_with([',', ')', ']', '}'])
                {
                    self.depth -= i32::from(!rest.starts_with(','));
                    return false;
                }
            }
        }
        line.trim() != delimiter
    }
}

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn brackets_and_heredocs_go_on() {
        for text in ["[1,", "{\n a = (1", "(\"}\"", "<<EOT", "<<-EOT\n x\n", "f(<<EOT\nx\nEOT\n", "/* a", "[ # ]"] {
            assert!(is_open(text), "{text}");
        }
    }

    #[test]
    fn what_is_closed_or_never_will_be_does_not() {
        for text in [
            "1",
            "[1]",
            "\"[\"",
            "\"${[\"]\"]}\"",
            "\"\\\"[\"",
            "1)",
            "\"x",
            "1 # [",
            "1 // (",
            "<<EOT\n[\nEOT",
            "<< 1",
            "f(<<EOT\nx\nEOT\n)",
            "\"$${\"",
            "/* [ */ 1",
            "1 +",
        ] {
            assert!(!is_open(text), "{text}");
        }
    }
}
