//! YAML to values: one document; sequences are tuples, mappings are objects, aliases are the same value again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cplan_model::{Kind, Type, Value, convert};
use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{Marker, ScanError, TScalarStyle};

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
    let lines = text.lines().count();
    let mut reader = Reader {
        text,
        length: text.chars().count(),
        parser: Parser::new(text.chars()),
        anchors: HashMap::new(),
        several: lines > 1,
        budget,
    };
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

struct Reader<'a> {
    text: &'a str,
    /// Of the text, in characters.
    length: usize,
    parser: Parser<std::str::Chars<'a>>,
    /// With how many values each stands for.
    anchors: HashMap<usize, (Value, usize)>,
    /// The text has several lines, so places in it are told.
    several: bool,
    budget: usize,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn next(&mut self) -> Read<(Event, Marker)> {
        self.parser.next_token().map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &ScanError) -> String {
        let info = error.info();
        if info.ends_with("found unknown anchor") {
            let name = quoted(&self.alias(error.marker()));
            return self.at(error.marker(), &format!("reference to undefined anchor {name}"));
        }
        // What was being read is seen at the place.
        self.at(error.marker(), info.split_once(", ").map_or(info, |(_, why)| why))
    }

    /// Takes from a block at the end of the text the line end that stands nowhere: the parser adds one.
    fn at_end(&mut self, block: &mut String, marker: &Marker) -> Read<()> {
        let next = match self.parser.peek() {
            Ok((_, next)) => next.index(),
            Err(error) => return Err(self.fault(&error)),
        };
        if next < self.length || !block.ends_with('\n') {
            return Ok(());
        }
        let last = self.text.rsplit('\n').next().unwrap_or("");
        let unfinished = !self.text.ends_with('\n') && block.trim_end().ends_with(last.trim());
        let empty = block == "\n" && self.text.chars().skip(marker.index()).skip_while(|c| *c != '\n').count() == 1;
        if unfinished || empty {
            block.pop();
        }
        Ok(())
    }

    /// The name of the alias at a place.
    fn alias(&self, marker: &Marker) -> String {
        let from = self.text.chars().skip(marker.index()).skip_while(|c| *c == '*');
        from.take_while(|c| !c.is_whitespace() && !",[]{}".contains(*c)).collect()
    }

    fn at(&self, marker: &Marker, what: &str) -> String {
        if self.several {
            format!("on line {}, column {}: {what}", marker.line(), marker.col() + 1)
        } else {
            what.to_owned()
        }
    }

    fn document(&mut self) -> Read<Value> {
        self.next()?;
        let (event, marker) = self.next()?;
        if event != Event::DocumentStart {
            return Err(self.at(&marker, "missing start of document"));
        }
        let event = self.next()?;
        let value = self.node(event, 0)?;
        match self.next()? {
            (Event::DocumentEnd, _) => {}
            (_, marker) => return Err(self.at(&marker, "unexpected extra content after value")),
        }
        match self.next()? {
            (Event::StreamEnd, _) => Ok(value),
            (_, marker) => Err(self.at(&marker, "unexpected extra content after value")),
        }
    }

    fn node(&mut self, (event, marker): (Event, Marker), depth: usize) -> Read<Value> {
        if depth > MAX_DEPTH {
            return Err(self.at(&marker, &format!("the document nests deeper than {MAX_DEPTH} levels")));
        }
        let before = self.budget;
        self.spend(1, &marker)?;
        let (value, anchor) = match event {
            Event::Scalar(mut text, style, anchor, tag) => {
                if matches!(style, TScalarStyle::Literal | TScalarStyle::Folded) {
                    self.at_end(&mut text, &marker)?;
                }
                let value = scalar(&tag_name(tag.as_ref()), &text, style).map_err(|why| self.at(&marker, &why))?;
                (value, anchor)
            }
            Event::Alias(id) => {
                let Some((value, size)) = self.anchors.get(&id).cloned() else {
                    let name = quoted(&self.alias(&marker));
                    return Err(
                        self.at(&marker, &format!("cannot refer to anchor {name} from inside its own definition"))
                    );
                };
                self.spend(size, &marker)?;
                return Ok(value);
            }
            Event::SequenceStart(anchor, tag) => {
                self.tagged(tag.as_ref(), "seq", "sequence", &marker)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
                (Value::tuple(items), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.tagged(tag.as_ref(), "map", "mapping", &marker)?;
                (self.mapping(depth)?, anchor)
            }
            _ => return Err(self.at(&marker, "expecting value")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.budget));
        }
        Ok(value)
    }

    /// Counts values, so that a few aliases of aliases do not fill the memory of whoever writes them out.
    fn spend(&mut self, count: usize, marker: &Marker) -> Read<()> {
        match self.budget.checked_sub(count) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.at(marker, "the document grows too large with its aliases written out")),
        }
    }

    fn tagged(&self, tag: Option<&Tag>, wanted: &str, what: &str, marker: &Marker) -> Read<()> {
        let name = tag_name(tag);
        if name.is_empty() || name == format!("{CORE}{wanted}") {
            return Ok(());
        }
        Err(self.at(marker, &format!("can't interpret {what} as {name}")))
    }

    fn mapping(&mut self, depth: usize) -> Read<Value> {
        let mut items: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        loop {
            let (event, marker) = self.next()?;
            let (text, style, tag) = match event {
                Event::MappingEnd => return Ok(Value::new(Kind::Object(Arc::new(items)))),
                Event::Scalar(text, style, _, tag) => (text, style, tag_name(tag.as_ref())),
                _ => return Err(self.at(&marker, "only strings are allowed as mapping keys")),
            };
            if (tag.is_empty() && text == "<<") || tag == format!("{CORE}merge") {
                let event = self.next()?;
                let value = self.node(event, depth + 1)?;
                self.merge(&mut items, &value, &marker)?;
                continue;
            }
            let key = scalar(&tag, &text, style).map_err(|why| self.at(&marker, &why))?;
            let key = convert(&key, &Type::String).map_err(|e| self.at(&marker, &e.to_string()))?;
            let Some(key) = key.as_str() else { return Err(self.at(&marker, "mapping key cannot be null")) };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            items.insert(key.into(), value);
        }
    }

    /// Puts in what `<<` names: one mapping. What comes later in the text stands.
    fn merge(&self, items: &mut BTreeMap<Arc<str>, Value>, value: &Value, marker: &Marker) -> Read<()> {
        let Some(entries) = value.as_map() else {
            return Err(self.at(marker, &format!("cannot merge {} into mapping", crate::evaluate::type_name(value))));
        };
        items.extend(entries.iter().map(|(k, v)| (k.clone(), v.clone())));
        Ok(())
    }
}

/// What the tags of the core schema begin with.
pub(super) const CORE: &str = "tag:yaml.org,2002:";

/// The whole tag; empty where there is none.
fn tag_name(tag: Option<&Tag>) -> String {
    tag.map(|t| format!("{}{}", t.handle, t.suffix)).unwrap_or_default()
}

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
