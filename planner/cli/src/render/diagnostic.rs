//! Diagnostics as a terminal shows them: the place with carets, what is wrong, how to mend it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cplan_model::{Diagnostic, Diagnostics, Label, Severity, SourceMap};

use super::snippet::snippet;
use super::style::{Style, Tone};
use super::wrap::wrap;

/// How and where diagnostics are shown.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    /// The files that spans point into.
    pub(crate) sources: &'a SourceMap,
    /// Put before relative paths, so that they can be opened from where the user is.
    pub(crate) prefix: &'a Path,
    /// Colours.
    pub(crate) style: Style,
    /// Sentences are wrapped to so many columns; `None` leaves them whole.
    pub(crate) width: Option<usize>,
}

impl View<'_> {
    /// A file's path as the user can open it.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        if path.is_absolute() { path.to_owned() } else { self.prefix.join(path) }
    }
}

/// All of them, each followed by an empty line.
pub(crate) fn diagnostics(list: &Diagnostics, view: &View<'_>) -> String {
    merged(list).iter().map(|(d, others)| one(d, *others, view) + "\n").collect()
}

/// The same mistake at the same place for several instances is one mistake: the first, and of how many others it is told.
pub(crate) fn merged(list: &Diagnostics) -> Vec<(&Diagnostic, usize)> {
    let same = |a: &Diagnostic, b: &Diagnostic| {
        a.primary.is_some()
            && (a.id, &a.primary, &a.labels, &a.what, &a.remedy) == (b.id, &b.primary, &b.labels, &b.what, &b.remedy)
    };
    let mut out: Vec<(&Diagnostic, usize)> = Vec::new();
    for diagnostic in list {
        match out.iter_mut().find(|(d, _)| same(d, diagnostic)) {
            Some((_, others)) => *others += 1,
            None => out.push((diagnostic, 0)),
        }
    }
    out
}

/// One of them, for an instance and so many others.
fn one(diagnostic: &Diagnostic, others: usize, view: &View<'_>) -> String {
    let (word, tone) = match diagnostic.severity {
        Severity::Error => ("error", Tone::Bad),
        Severity::Warning => ("warning", Tone::Change),
    };
    let mut out = String::new();
    let summary = view.style.paint(Tone::Strong, &diagnostic.summary);
    let _ = writeln!(out, "{}: {summary}", view.style.bold(tone, word));
    let places: Vec<&Label> = diagnostic.primary.iter().chain(&diagnostic.labels).collect();
    let gutter = places
        .iter()
        .filter_map(|l| view.sources.find(l.span).map(|(f, span)| snippet(f, span).line.to_string().len()))
        .max()
        .unwrap_or(1);
    let bar = format!("{} {}", " ".repeat(gutter), view.style.paint(Tone::Info, "|"));
    for (i, label) in places.iter().enumerate() {
        let Some((file, span)) = view.sources.find(label.span) else { continue };
        let s = snippet(file, span);
        let primary = i == 0 && diagnostic.primary.is_some();
        let arrow = view.style.paint(Tone::Info, if i == 0 { "-->" } else { ":::" });
        let path = view.path(&file.path);
        let _ = writeln!(out, "{}{arrow} {}:{}:{}", " ".repeat(gutter), path.display(), s.line, s.column);
        let _ = writeln!(out, "{bar}");
        let number = view.style.paint(Tone::Info, &format!("{:>gutter$} |", s.line));
        let _ = writeln!(out, "{number}{}{}", if s.text.is_empty() { "" } else { " " }, s.text);
        let marks = if primary { "^" } else { "-" }.repeat(s.carets);
        let marks = view.style.bold(if primary { tone } else { Tone::Info }, &marks);
        let remark = if label.text.is_empty() { String::new() } else { format!(" {}", label.text) };
        let _ = writeln!(out, "{bar} {}{marks}{remark}", " ".repeat(s.indent));
    }
    if !places.is_empty() {
        let _ = writeln!(out, "{bar}");
    }
    let mut note = |text: &str| {
        let lead = format!("{} {} ", " ".repeat(gutter), view.style.paint(Tone::Info, "="));
        let lines = wrap(text, view.width.map(|w| w.saturating_sub(gutter + 3)));
        for (i, line) in lines.iter().enumerate() {
            let _ = writeln!(out, "{}{line}", if i == 0 { lead.clone() } else { " ".repeat(gutter + 3) });
        }
    };
    if let Some(address) = &diagnostic.address {
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        note(&format!("while checking: {address}{others}"));
    }
    if !diagnostic.what.is_empty() {
        note(&diagnostic.what);
    }
    if !diagnostic.remedy.is_empty() {
        note(&diagnostic.remedy);
    }
    note(&format!("[{}]", diagnostic.id));
    out
}

/// No more of warnings than what they are about, each once.
pub(crate) fn summaries(list: &Diagnostics, style: Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (diagnostic, _) in merged(list) {
        let line = format!("- {} [{}]\n", diagnostic.summary, diagnostic.id);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let heading = style.bold(Tone::Change, "warnings:");
    format!("{heading}\n\n{}\nTo see them whole, run this without -compact-warnings.\n\n", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::Span;

    fn show(sources: &SourceMap, d: &Diagnostic, width: Option<usize>) -> String {
        one(d, 0, &View { sources, prefix: Path::new("lab"), style: Style::plain(), width })
    }

    #[test]
    fn shows_place_what_and_remedy() {
        let mut sources = SourceMap::default();
        let text = "resource \"lab_machine\" \"edge\" {\n\tmemmory = \"4GiB\"\n}\n";
        let id = sources.add("main.hcl", text);
        let at = text.find("memmory").unwrap();
        let d = Diagnostic::error("unsupported-argument", "Unsupported argument", "`lab_machine` has no `memmory`.")
            .remedy("Did you mean `memory`?")
            .at(Span::new(id, at, at + 7))
            .address("lab_machine.edge".parse().unwrap());
        assert_eq!(
            show(&sources, &d, None),
            r#"error: Unsupported argument
 --> lab/main.hcl:2:2
  |
2 |     memmory = "4GiB"
  |     ^^^^^^^
  |
  = while checking: lab_machine.edge
  = `lab_machine` has no `memmory`.
  = Did you mean `memory`?
  = [unsupported-argument]
"#
        );
    }

    #[test]
    fn a_cycle_shows_every_edge() {
        let mut sources = SourceMap::default();
        let text = "locals {\n  a = local.b\n  b = local.c\n\n\n\n\n\n\n  c = local.a\n}\n";
        let id = sources.add("main.hcl", text);
        let span = |what: &str| {
            let at = text.find(what).unwrap();
            Span::new(id, at, at + what.len())
        };
        let mut d = Diagnostic::error("cycle", "Cycle", "These refer to each other in a circle.");
        d.primary = Some(Label { span: span("local.b"), text: "`local.a` needs `local.b`".into() });
        let d = d
            .label(span("local.c"), "`local.b` needs `local.c`")
            .label(span("local.a"), "`local.c` needs `local.a`")
            .remedy("Take one of these references away.");
        assert_eq!(
            show(&sources, &d, None),
            r"error: Cycle
  --> lab/main.hcl:2:7
   |
 2 |   a = local.b
   |       ^^^^^^^ `local.a` needs `local.b`
  ::: lab/main.hcl:3:7
   |
 3 |   b = local.c
   |       ------- `local.b` needs `local.c`
  ::: lab/main.hcl:10:7
   |
10 |   c = local.a
   |       ------- `local.c` needs `local.a`
   |
   = These refer to each other in a circle.
   = Take one of these references away.
   = [cycle]
"
        );
    }

    #[test]
    fn without_a_place_it_still_says_everything_and_wraps() {
        let d = Diagnostic::warning("slow", "Slow host", "This host has no KVM, so machines start slowly here.")
            .remedy("Load the module `kvm`.");
        assert_eq!(
            show(&SourceMap::default(), &d, Some(34)),
            "warning: Slow host\n  = This host has no KVM, so\n    machines start slowly here.\n  = Load the module `kvm`.\n  = [slow]\n"
        );
    }

    #[test]
    fn one_mistake_of_many_instances_is_told_once() {
        let mut sources = SourceMap::default();
        let id = sources.add("main.hcl", "inptu = 1\n");
        let mut list = Diagnostics::new();
        for n in 0..3 {
            let address = format!("terraform_data.a[{n}]").parse().unwrap();
            list.push(Diagnostic::error("x", "Unsupported", "No.").at(Span::new(id, 0, 5)).address(address));
        }
        let view = View { sources: &sources, prefix: Path::new(""), style: Style::plain(), width: None };
        assert_eq!(
            diagnostics(&list, &view),
            "error: Unsupported\n --> main.hcl:1:1\n  |\n1 | inptu = 1\n  | ^^^^^\n  |\n  \
             = while checking: terraform_data.a[0] and 2 more\n  = No.\n  = [x]\n\n"
        );
    }
}
