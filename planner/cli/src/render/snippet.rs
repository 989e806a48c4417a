//! A line of source with carets under a span: tabs and wide characters included.

use cplan_model::{SourceFile, Span};
use unicode_width::UnicodeWidthChar;

/// One line of source, ready to print, and where its carets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snippet {
    /// One-based.
    pub(crate) line: usize,
    /// One-based, in characters.
    pub(crate) column: usize,
    /// The line with tabs as spaces, without its end, and cut to a window where it is very long.
    pub(crate) text: String,
    /// Columns of the terminal before the first caret.
    pub(crate) indent: usize,
    /// How many carets; at least one.
    pub(crate) carets: usize,
}

const TAB: usize = 4;
const LONGEST: usize = 160;

/// The line in which a span begins. A span over several lines is marked to the end of its first.
pub(crate) fn snippet(file: &SourceFile, span: Span) -> Snippet {
    let text = &*file.text;
    let floor = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start), floor(span.end));
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let marked = start - line_start..end.clamp(start, line_end) - line_start;

    let mut cells: Vec<(String, usize)> = Vec::new();
    let (mut first, mut last) = (None, 0);
    let mut width = 0;
    for (at, c) in line.char_indices() {
        let cell = cell(c, width);
        width += cell.1;
        cells.push(cell);
        if marked.contains(&at) {
            first.get_or_insert(cells.len() - 1);
            last = cells.len();
        }
    }
    let first = first.unwrap_or_else(|| line[..marked.start.min(line.len())].chars().count());
    let last = last.max(first);
    let (mut from, mut to) = (0, cells.len());
    if width > LONGEST {
        from = first.saturating_sub(LONGEST / 4);
        to = (from + LONGEST).min(cells.len());
    }
    let columns = |cells: &[(String, usize)]| cells.iter().map(|c| c.1).sum::<usize>();
    let cut = |at: bool| if at { "…" } else { "" };
    let shown: String = cells[from..to].iter().map(|c| c.0.as_str()).collect();
    Snippet {
        line: text[..line_start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        text: format!("{}{shown}{}", cut(from > 0), cut(to < cells.len())).trim_end().to_owned(),
        indent: usize::from(from > 0) + columns(&cells[from..first.max(from)]),
        carets: columns(&cells[first..last.min(to).max(first)]).max(1),
    }
}

/// How a character is shown at a column, and how many columns it takes.
fn cell(c: char, column: usize) -> (String, usize) {
    match c {
        '\t' => {
            let width = TAB - column % TAB;
            (" ".repeat(width), width)
        }
        c if c.is_control() => ("\u{fffd}".to_owned(), 1),
        c => (c.to_string(), c.width().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::SourceId;

    fn check(text: &str, marked: &str, expect: &str) {
        let start = text.find(marked).unwrap();
        let file = SourceFile { path: "x.hcl".into(), text: text.into() };
        let s = snippet(&file, Span::new(SourceId(0), start, start + marked.len()));
        let drawn = format!("{}:{} {}\n{}{}", s.line, s.column, s.text, " ".repeat(s.indent), "^".repeat(s.carets));
        assert_eq!(drawn, expect);
    }

    #[test]
    fn marks_what_is_meant() {
        check("a = 1\nbb = cc\r\n", "cc", "2:6 bb = cc\n     ^^");
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_carets_in_place() {
        check("\ta = \"日本\" + x", "x", "1:13     a = \"日本\" + x\n                 ^");
        check("a = \"日本\"", "日本", "1:6 a = \"日本\"\n     ^^^^");
    }

    #[test]
    fn a_span_over_lines_ends_with_its_first() {
        check("a = {\n  b = 1\n}", "{\n  b = 1\n}", "1:5 a = {\n    ^");
    }

    #[test]
    fn the_end_of_a_file_has_one_caret() {
        let file = SourceFile { path: "x.hcl".into(), text: "a = ".into() };
        let s = snippet(&file, Span::new(SourceId(0), 4, 4));
        assert_eq!((s.line, s.column, s.indent, s.carets), (1, 5, 4, 1));
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_span() {
        let text = format!("{}bad{}", "x".repeat(500), "y".repeat(500));
        let file = SourceFile { path: "x.hcl".into(), text: text.into() };
        let s = snippet(&file, Span::new(SourceId(0), 500, 503));
        assert!(s.text.chars().count() <= LONGEST + 2, "{}", s.text);
        let marked: String = s.text.chars().skip(s.indent).take(s.carets).collect();
        assert_eq!(marked, "bad");
    }

    #[test]
    fn escape_sequences_in_a_file_do_not_reach_the_terminal() {
        let file = SourceFile { path: "x.hcl".into(), text: "a = \u{1b}[31m".into() };
        assert!(!snippet(&file, Span::new(SourceId(0), 0, 1)).text.contains('\u{1b}'));
    }
}
