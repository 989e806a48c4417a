//! YAML to values: one document; sequences are tuples, mappings are objects, aliases are the same value again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cplan_model::{Kind, Type, Value, convert};
use libyaml_safer::{Error, EventData, Mark, Parser, ScalarStyle};

use super::scalar::scalar;
use crate::functions::quoted;

/// How deep sequences and mappings may nest.
const MAX_DEPTH: usize = 500;

/// How many values a document may have with its aliases written out: it is at most so many times its bytes.
const MAX_GROWTH: usize = 1_000;

/// The value of a document.
pub(super) fn from_yaml(text: &str) -> Result<Value, String> {
    opening(text)?;
    let budget = text.len().saturating_add(1_000).saturating_mul(MAX_GROWTH);
    let prepared = prepared(text);
    let mut reader = Reader {
        parser: Parser::new(),
        text: &prepared,
        unended: text.rsplit('\n').next().filter(|last| !last.is_empty()).map(|last| last.trim().is_empty()),
        anchors: HashMap::new(),
        open: HashSet::new(),
        several: text.lines().count() > 1,
        budget,
    };
    reader.parser.set_input(prepared.as_bytes());
    reader.document()
}

/// What the parser lets pass before the first value: another version, a tab for indentation.
fn opening(text: &str) -> Read<()> {
    for line in text.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#')) {
        if let Some(version) = line.strip_prefix("%YAML") {
            if version.trim() != "1.1" {
                return Err("found incompatible YAML document".into());
            }
        } else if line.trim_start_matches(' ').starts_with('\t') {
            return Err("found character that cannot start any token".into());
        } else if !line.starts_with(['%', '-']) || line.trim() != "---" {
            break;
        }
    }
    Ok(())
}

/// Stands for a comma right behind what looks like a tag, of which the parser would not tell that it is wrong there.
const COMMA: char = '\u{f8ff}';

/// The text as the parser wants it: every line with its end, without a mark of the byte order, which says nothing where
/// the text is decoded already.
fn prepared(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let (mut out, mut tag, mut before) = (String::with_capacity(text.len() + 1), false, ' ');
    // Whether something may begin here, and the quote that is open.
    let (mut fresh, mut quote) = (true, None);
    for c in text.chars() {
        out.push(if tag && c == ',' { COMMA } else { c });
        if let Some(open) = quote {
            let escaped = open == '"' && before == '\\';
            if c == open && !escaped {
                quote = None;
            }
            // A backslash that is escaped escapes nothing.
            before = if escaped && c == '\\' { ' ' } else { c };
            continue;
        }
        tag = fresh && c == '!' || (tag && c != ',' && !c.is_whitespace());
        if fresh && !tag && matches!(c, '"' | '\'') {
            quote = Some(c);
        }
        fresh = match c {
            '\n' | '[' | ']' | '{' | '}' | ',' => true,
            c if c.is_whitespace() => fresh || matches!(before, ':' | '-' | '?'),
            _ => false,
        };
        before = c;
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

struct Reader<'a> {
    parser: Parser<&'a [u8]>,
    /// As the parser gets it.
    text: &'a str,
    /// Where the last line has no end: whether it is blank. No end of it belongs to the block that it is the last of.
    unended: Option<bool>,
    /// With how many values each stands for.
    anchors: HashMap<String, (Value, usize)>,
    /// Those whose values are being read.
    open: HashSet<String>,
    /// The text has several lines, so places in it are told.
    several: bool,
    budget: usize,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn next(&mut self) -> Read<(EventData, Mark)> {
        let mut event = self.parser.parse().map_err(|error| self.fault(&error))?;
        if let EventData::Scalar { value, style, .. } = &mut event.data {
            let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
            let last = usize::try_from(event.end_mark.index).is_ok_and(|end| end >= self.text.len());
            // Of a blank line the end is there only where all are kept.
            let kept = value.ends_with("\n\n") || value == "\n";
            if block && last && self.unended.is_some_and(|blank| !blank || kept) && value.ends_with('\n') {
                value.pop();
            }
            if matches!(style, ScalarStyle::DoubleQuoted) && self.escapes_slash(event.start_mark, event.end_mark) {
                return Err(self.at(event.start_mark, "found unknown escape character"));
            }
            if value.contains(COMMA) {
                *value = value.replace(COMMA, ",");
            }
        }
        Ok((event.data, event.start_mark))
    }

    /// Whether a quoted text has `\/`, which YAML 1.1 does not know.
    fn escapes_slash(&self, start: Mark, end: Mark) -> bool {
        let (Ok(start), Ok(end)) = (usize::try_from(start.index), usize::try_from(end.index)) else { return false };
        let mut chars = self.text.get(start..end).unwrap_or_default().chars();
        while let Some(c) = chars.next() {
            if c == '\\' && chars.next() == Some('/') {
                return true;
            }
        }
        false
    }

    fn fault(&self, error: &Error) -> String {
        self.at(error.problem_mark().unwrap_or_default(), error.problem())
    }

    fn at(&self, mark: Mark, what: &str) -> String {
        if self.several {
            format!("on line {}, column {}: {what}", mark.line + 1, mark.column + 1)
        } else {
            what.to_owned()
        }
    }

    fn document(&mut self) -> Read<Value> {
        self.next()?;
        let (event, mark) = self.next()?;
        if !matches!(event, EventData::DocumentStart { .. }) {
            return Err(self.at(mark, "missing start of document"));
        }
        let event = self.next()?;
        let value = self.node(event, 0)?;
        match self.next()? {
            (EventData::DocumentEnd { .. }, _) => {}
            (_, mark) => return Err(self.at(mark, "unexpected extra content after value")),
        }
        match self.next()? {
            (EventData::StreamEnd, _) => Ok(value),
            (_, mark) => Err(self.at(mark, "unexpected extra content after value")),
        }
    }

    /// A value. What does not nest is read elsewhere, so that a level takes little of the stack.
    fn node(&mut self, (event, mark): (EventData, Mark), depth: usize) -> Read<Value> {
        let before = self.budget;
        self.enter(depth, mark)?;
        let (anchor, value) = match event {
            EventData::SequenceStart { anchor, tag, .. } => {
                self.begin(anchor.as_ref(), tag.as_deref(), ("seq", "sequence"), mark)?;
                (anchor, self.sequence(depth)?)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.begin(anchor.as_ref(), tag.as_deref(), ("map", "mapping"), mark)?;
                (anchor, self.mapping(depth)?)
            }
            EventData::Alias { anchor } => return self.alias(&anchor, mark),
            EventData::Scalar { anchor, tag, value, style, .. } => {
                let value = scalar(&tag.unwrap_or_default(), &value, style);
                (anchor, value.map_err(|why| self.at(mark, &why))?)
            }
            _ => return Err(self.at(mark, "expecting value")),
        };
        self.end(anchor, &value, before);
        Ok(value)
    }

    fn enter(&mut self, depth: usize, mark: Mark) -> Read<()> {
        if depth > MAX_DEPTH {
            return Err(self.at(mark, &format!("the document nests deeper than {MAX_DEPTH} levels")));
        }
        self.spend(1, mark)
    }

    fn begin(&mut self, anchor: Option<&String>, tag: Option<&str>, kind: (&str, &str), mark: Mark) -> Read<()> {
        self.open.extend(anchor.cloned());
        let (wanted, what) = kind;
        match tag.unwrap_or_default() {
            "" => Ok(()),
            name if name.strip_prefix(CORE) == Some(wanted) => Ok(()),
            name => Err(self.at(mark, &format!("can't interpret {what} as {name}"))),
        }
    }

    fn end(&mut self, anchor: Option<String>, value: &Value, before: usize) {
        if let Some(anchor) = anchor {
            self.open.remove(&anchor);
            self.anchors.insert(anchor, (value.clone(), before - self.budget));
        }
    }

    fn alias(&mut self, anchor: &str, mark: Mark) -> Read<Value> {
        let name = quoted(anchor);
        if self.open.contains(anchor) {
            return Err(self.at(mark, &format!("cannot refer to anchor {name} from inside its own definition")));
        }
        let Some((value, size)) = self.anchors.get(anchor).cloned() else {
            return Err(self.at(mark, &format!("reference to undefined anchor {name}")));
        };
        self.spend(size, mark)?;
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Read<Value> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (EventData::SequenceEnd, _) => return Ok(Value::tuple(items)),
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    /// Counts values, so that a few aliases of aliases do not fill the memory of whoever writes them out.
    fn spend(&mut self, count: usize, mark: Mark) -> Read<()> {
        match self.budget.checked_sub(count) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.at(mark, "the document grows too large with its aliases written out")),
        }
    }

    fn mapping(&mut self, depth: usize) -> Read<Value> {
        let mut items: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        loop {
            let (event, mark) = self.next()?;
            let (text, style, tag) = match event {
                EventData::MappingEnd => return Ok(Value::new(Kind::Object(items.into()))),
                EventData::Scalar { value, style, tag, .. } => (value, style, tag.unwrap_or_default()),
                _ => return Err(self.at(mark, "only strings are allowed as mapping keys")),
            };
            if (tag.is_empty() && text == "<<") || tag == format!("{CORE}merge") {
                let event = self.next()?;
                let value = self.node(event, depth + 1)?;
                self.merge(&mut items, &value, mark)?;
                continue;
            }
            let key = scalar(&tag, &text, style).map_err(|why| self.at(mark, &why))?;
            let key = convert(&key, &Type::String).map_err(|e| self.at(mark, &e.to_string()))?;
            let Some(key) = key.as_str() else { return Err(self.at(mark, "mapping key cannot be null")) };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            items.insert(key.into(), value);
        }
    }

    /// Puts in what `<<` names: one mapping. What comes later in the text stands.
    fn merge(&self, items: &mut BTreeMap<Arc<str>, Value>, value: &Value, mark: Mark) -> Read<()> {
        let Some(entries) = value.as_map() else {
            return Err(self.at(mark, &format!("cannot merge {} into mapping", crate::evaluate::type_name(value))));
        };
        items.extend(entries.iter().map(|(k, v)| (k.clone(), v.clone())));
        Ok(())
    }
}

/// What the tags of the core schema begin with.
pub(super) const CORE: &str = "tag:yaml.org,2002:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_would_fill_the_memory_are_refused() {
        assert!(from_yaml(&"[".repeat(100_000)).is_err());
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let items = vec![format!("*a{}", i - 1); 10].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{items}]\n"));
        }
        assert!(from_yaml(&bomb).unwrap_err().contains("too large"));
    }
}
