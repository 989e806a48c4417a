//! Comma-separated values (RFC 4180), read as strictly as Go's `encoding/csv`.

use std::collections::BTreeSet;

use cplan_model::{Type, Value};

use super::{Context, Failure, Function, Outcome, Returns, Table, quoted, str_of, text};

pub(super) fn table() -> Table {
    vec![("csvdecode", Function::new([text("str")], Returns::Computed, csvdecode))]
}

fn csvdecode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let mut reader = Reader { rest: str_of(&a[0]), line: 0 };
    let failed = |(line, why): (usize, &str)| Failure::Call(format!("CSV parse error on line {line}: {why}"));
    let Some((_, header)) = reader.record().map_err(failed)? else { return Err("missing header line".into()) };
    let mut names = BTreeSet::new();
    for name in &header {
        if !names.insert(name) {
            return Err(format!("duplicate column name {}", quoted(name)).into());
        }
    }
    let ty = Type::object(header.iter().map(|n| (n.as_str(), Type::String)));
    let mut out = Vec::new();
    while let Some((line, row)) = reader.record().map_err(failed)? {
        if row.len() != header.len() {
            return Err(failed((line, "wrong number of fields")));
        }
        out.push(Value::object(header.iter().zip(row).map(|(n, v)| (n.as_str(), Value::string(v)))));
    }
    Ok(Value::list(ty, out))
}

/// Text on its way to records.
struct Reader<'a> {
    rest: &'a str,
    /// The number of the line that was read last.
    line: usize,
}

/// The line and why.
type Fault = (usize, &'static str);

const QUOTE: &str = "extraneous or missing \" in quoted-field";

impl<'a> Reader<'a> {
    /// The next line without its end, and whether it has one.
    fn next_line(&mut self) -> Option<(&'a str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, ended) = match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                (line, true)
            }
            None => (std::mem::take(&mut self.rest), false),
        };
        Some((line.strip_suffix('\r').unwrap_or(line), ended))
    }

    /// The next record that is not an empty line, with the line on which it begins.
    fn record(&mut self) -> Result<Option<(usize, Vec<String>)>, Fault> {
        let (mut line, mut ended) = loop {
            match self.next_line() {
                None => return Ok(None),
                Some(("", true)) => {}
                Some(found) => break found,
            }
        };
        let begin = self.line;
        let mut fields = Vec::new();
        loop {
            let Some(quoted) = line.strip_prefix('"') else {
                let (field, rest) = line.split_once(',').map_or((line, None), |(field, rest)| (field, Some(rest)));
                if field.contains('"') {
                    return Err((self.line, "bare \" in non-quoted-field"));
                }
                fields.push(field.to_owned());
                match rest {
                    Some(rest) => line = rest,
                    None => return Ok(Some((begin, fields))),
                }
                continue;
            };
            line = quoted;
            let mut field = String::new();
            let more = loop {
                let Some((text, rest)) = line.split_once('"') else {
                    field.push_str(line);
                    if ended {
                        field.push('\n');
                    }
                    (line, ended) = self.next_line().ok_or((self.line, QUOTE))?;
                    continue;
                };
                field.push_str(text);
                if let Some(rest) = rest.strip_prefix('"') {
                    field.push('"');
                    line = rest;
                } else if let Some(rest) = rest.strip_prefix(',') {
                    line = rest;
                    break true;
                } else if rest.is_empty() {
                    break false;
                } else {
                    return Err((self.line, QUOTE));
                }
            };
            fields.push(field);
            if !more {
                return Ok(Some((begin, fields)));
            }
        }
    }
}
