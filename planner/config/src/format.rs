//! The one layout of files, as `terraform fmt` has it: two blanks per level, aligned `=` and comments.

use cplan_model::{Diagnostic, SourceId};

use self::token::{Kind, Token, tokens};
use crate::parse;

mod rewrite;
mod space;
mod token;

/// The text in its layout; formatting that again changes nothing. Broken text is an error at its place.
pub fn format(text: &str) -> Result<String, Diagnostic> {
    let (body, diagnostics) = parse::body(text, SourceId(0));
    if let Some(first) = diagnostics.into_iter().next() {
        return Err(first);
    }
    let text = &*rewrite::rewrite(text, &body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = tokens(text);
    let end = lines.len() - 1;
    let mut lines: Vec<Line> = lines.into_iter().enumerate().map(|(i, line)| Line::new(line, i == end)).collect();
    indent(&mut lines);
    align(
        &mut lines,
        |line| line.assign.is_some(),
        |line| {
            let target = line.assign.unwrap_or(0);
            (target, line.width(0, target))
        },
    );
    align(
        &mut lines,
        |line| line.comment.is_some(),
        |line| {
            let target = line.comment.unwrap_or(0);
            (target, line.width(0, target))
        },
    );
    let mut out: Vec<String> = lines.iter().map(Line::text).collect();
    // Blanks on a last line without an end belong to nothing and stay.
    let last = text.rsplit('\n').next().filter(|last| last.trim().is_empty());
    out.last_mut().into_iter().for_each(|end| end.push_str(&" ".repeat(last.unwrap_or("").chars().count())));
    Ok(with_ends_of(text, &out.join("\n")))
}

/// The same with the line ends of the text that it was made of, each line's its own: those in a heredoc are part of a value.
fn with_ends_of(text: &str, formatted: &str) -> String {
    let mut ends = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(|l| l.ends_with('\r'));
    let mut out = String::with_capacity(text.len());
    for line in formatted.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                out.push_str(line);
                out.push_str(if ends.next() == Some(true) { "\r\n" } else { "\n" });
            }
            None => out.push_str(line),
        }
    }
    out
}

/// A line of tokens; a heredoc is one token, whatever its height.
struct Line {
    tokens: Vec<Token>,
    /// Blanks before each token.
    before: Vec<usize>,
    /// The position of the `=` of an argument whose value ends in this line.
    assign: Option<usize>,
    /// The position of a comment behind something.
    comment: Option<usize>,
}

impl Line {
    fn new(tokens: Vec<Token>, last: bool) -> Self {
        let before = space::spaces(&tokens, None);
        // A comment in `/* */` is one among others, unless nothing follows it at all.
        let aligned = |t: &Token| t.kind == Kind::Comment && (last || !t.text.starts_with("/*"));
        let comment = tokens.len().checked_sub(1).filter(|at| *at > 0 && aligned(&tokens[*at]));
        let code = &tokens[..comment.unwrap_or(tokens.len())];
        let assign = code.iter().skip(1).position(|t| t.text == "=").map(|i| i + 1);
        let assign = assign.filter(|at| code[*at..].iter().map(Token::bracket).sum::<i32>() == 0);
        Line { tokens, before, assign, comment }
    }

    /// Columns from one token up to another, with the blanks between.
    fn width(&self, from: usize, to: usize) -> usize {
        (from..to).map(|i| self.before[i] + self.tokens[i].text.chars().count()).sum()
    }

    fn text(&self) -> String {
        let parts = self.tokens.iter().zip(&self.before);
        parts.map(|(token, blanks)| format!("{}{}", " ".repeat(*blanks), token.text)).collect()
    }
}

/// Two blanks for each line that left brackets open, however many it left open.
fn indent(lines: &mut [Line]) {
    let mut open: Vec<i32> = Vec::new();
    for line in lines.iter_mut().filter(|l| !l.tokens.is_empty()) {
        let net: i32 = line.tokens.iter().map(Token::bracket).sum();
        let depth = open.len();
        if net > 0 {
            open.push(net);
        }
        let mut closed = -net;
        while closed > 0 {
            let Some(last) = open.last_mut() else { break };
            if closed < *last {
                *last -= closed;
                break;
            }
            closed -= *last;
            open.pop();
        }
        line.before[0] = 2 * if net > 0 { depth } else { open.len() };
    }
}

/// Brings a token of consecutive lines to one column.
fn align(lines: &mut [Line], takes_part: fn(&Line) -> bool, measure: fn(&Line) -> (usize, usize)) {
    let mut start = 0;
    while start < lines.len() {
        if !takes_part(&lines[start]) {
            start += 1;
            continue;
        }
        let end = lines[start..].iter().position(|l| !takes_part(l)).map_or(lines.len(), |n| start + n);
        let widest = lines[start..end].iter().map(|l| measure(l).1).max().unwrap_or(0);
        for line in &mut lines[start..end] {
            let (target, width) = measure(line);
            line.before[target] = widest - width + 1;
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::format;

    const UGLY: &str = "resource   \"a\"  \"b\"{\n# first\ncount=1\n  long_name   = [1,2 , 3]   # why\n  x = foo( 1,-2 )  # then\n\n\n    tags = {\n  a = \"${ var.x }\"\n      bb=!true&&a.b[0]\n   }\n  heredoc = <<EOT\n  keep   this\n EOT\n  list = {for k,v in  var.m:k=>v... if v!=null}\n  empty={}\n}\n";
    const NICE: &str = "resource \"a\" \"b\" {\n  # first\n  count     = 1\n  long_name = [1, 2, 3]  # why\n  x         = foo(1, -2) # then\n\n\n  tags = {\n    a  = \"${var.x}\"\n    bb = !true && a.b[0]\n  }\n  heredoc = <<EOT\n  keep   this\n EOT\n  list    = { for k, v in var.m : k => v... if v != null }\n  empty   = {}\n}\n";

    #[test]
    fn lays_out_and_stays() {
        let once = format(UGLY).unwrap();
        assert_eq!(once, NICE);
        assert_eq!(format(&once).unwrap(), once);
    }

    #[test]
    fn what_terraform_writes_in_another_way_is_rewritten() {
        for (ugly, nice) in [
            ("a = \"${x.y[0]}\"\n", "a = x.y[0]\n"),
            ("a = \"${\"b ${c}\"}\"\n", "a = \"b ${c}\"\n"),
            ("a = \"${x}${y}\"\n", "a = \"${x}${y}\"\n"),
            ("a = \"${x} \"\nb = [\"${x}\"]\n", "a = \"${x} \"\nb = [\"${x}\"]\n"),
            ("variable \"v\" {\n  type = \"list\"\n}\n", "variable \"v\" {\n  type = list(string)\n}\n"),
            ("variable \"v\" {\n  type = map\n}\n", "variable \"v\" {\n  type = map(any)\n}\n"),
            ("resource a \"b\" {\n  type = \"list\"\n}\n", "resource \"a\" \"b\" {\n  type = \"list\"\n}\n"),
            ("a = ( /* x */ 1)\n", "a = (/* x */ 1)\n"),
            ("resource /* y */ \"a\"  /* x */ b {}\n", "resource \"a\" \"b\" {}\n"),
            ("a = \"x${ {b=1} }${ {c=2}[\"c\"] }\"\n", "a = \"x${ { b = 1 } }${ { c = 2 }[\"c\"]}\"\n"),
            ("a = 11 /* x */\nb = 2 # y\n", "a = 11 /* x */\nb = 2 # y\n"),
            ("a=1 # x  \n\n  ", "a = 1 # x  \n\n  "),
            ("a = [for x in(y):-x if(z)]\n", "a = [for x in(y) : -x if(z)]\n"),
            ("a = [for x in[y]:x if -x>0]\n", "a = [for x in [y] : x if - x > 0]\n"),
            ("a = {for x in y:x=>-x}\n", "a = { for x in y : x => - x }\n"),
            ("a = \"x${-1}${f(-1)}\"\n", "a = \"x${- 1}${f(-1)}\"\n"),
            ("\u{feff}a=1\n", "a = 1\n"),
            ("a=1\r\nbb=2\r\n", "a  = 1\r\nbb = 2\r\n"),
            ("a=1\nbb=<<X\r\n  y\n\n  z\r\nX\n\r\nc =2\r\n", "a  = 1\nbb = <<X\r\n  y\n\n  z\r\nX\n\r\nc = 2\r\n"),
        ] {
            assert_eq!(format(ugly).unwrap(), nice);
        }
    }

    #[test]
    fn refuses_broken_text() {
        assert_eq!(format("a = [").unwrap_err().id, "syntax");
    }
}
