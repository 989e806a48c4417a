//! JSON to values: numbers keep all their digits, and what is wrong is said as Go's `encoding/json` says it.

use crate::functions::quoted;
use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Kind, Number, Type, Value, convert};

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 500;

/// The value that a JSON text stands for: arrays are tuples, objects are objects.
pub(crate) fn from_json(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    match reader.peek() {
        // Closing brackets too many are let pass, as Terraform does.
        Ok(b']' | b'}') | Err(_) => Ok(value),
        Ok(_) => Err("extraneous data after JSON object".into()),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

type Read<T> = Result<T, String>;

/// The text ends where a value is not finished.
fn cut() -> String {
    "unexpected EOF".into()
}

impl Reader<'_> {
    /// The next byte that is no space, which stays.
    fn peek(&mut self) -> Read<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let spaces = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += spaces;
        rest.get(spaces).copied().ok_or_else(|| "EOF".to_owned())
    }

    /// The next byte of a scalar.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong<T>(&self, byte: u8, context: &str) -> Read<T> {
        let shown = match byte {
            b'\'' => "'\\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            b => format!("'{}'", char::from(b).escape_debug()),
        };
        Err(format!("invalid character {shown}{context}"))
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        if depth > MAX_DEPTH {
            return Err(format!("the document nests deeper than {MAX_DEPTH} levels"));
        }
        match self.peek()? {
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            b'"' => self.string().map(Value::string),
            b't' => self.word("true", Value::bool(true)),
            b'f' => self.word("false", Value::bool(false)),
            b'n' => self.word("null", Value::null(Type::Dynamic)),
            b'-' | b'0'..=b'9' => self.number(),
            other => self.wrong(other, " looking for beginning of value"),
        }
    }

    fn array(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(Value::tuple(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Value::tuple(items));
                }
                other => return self.wrong(other, " after array element"),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let mut items: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        match self.peek()? {
            b'}' => {
                self.at += 1;
                return Ok(Value::new(Kind::Object(items.into())));
            }
            b'"' => {}
            other => return self.wrong(other, ""),
        }
        loop {
            let key = self.string()?;
            match self.peek()? {
                b':' => self.at += 1,
                other => return self.wrong(other, " after object key"),
            }
            let value = self.value(depth + 1)?;
            // The last one stands, but all of them have to fit its type.
            if items.get(key.as_str()).is_some_and(|before| convert(before, &value.ty()).is_err()) {
                return Err(format!("duplicate {} property in JSON object", quoted(&key)));
            }
            items.insert(key.into(), value);
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Value::new(Kind::Object(items.into())));
                }
                other => return self.wrong(other, " after object key:value pair"),
            }
            match self.peek()? {
                b'"' => {}
                other => return self.wrong(other, " looking for beginning of object key string"),
            }
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Read<Value> {
        for wanted in word.bytes() {
            match self.byte() {
                None => return Err(cut()),
                Some(b) if b == wanted => self.at += 1,
                Some(b) => {
                    return self.wrong(b, &format!(" in literal {word} (expecting {:?})", char::from(wanted)));
                }
            }
        }
        Ok(value)
    }

    fn digits(&mut self) -> usize {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// Digits that must be there.
    fn some_digits(&mut self, context: &str) -> Read<()> {
        if self.digits() > 0 {
            return Ok(());
        }
        self.byte().map_or_else(|| Err(cut()), |b| self.wrong(b, context))
    }

    fn number(&mut self) -> Read<Value> {
        let begin = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.some_digits(" in numeric literal")?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.some_digits(" after decimal point in numeric literal")?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits(" in exponent of numeric literal")?;
        }
        let text = &self.text[begin..self.at];
        Number::parse(text).map(Value::number).map_err(|_| format!("cannot parse {} as a number", quoted(text)))
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').ok_or_else(cut)?;
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(other) => return self.wrong(other, " in string literal"),
                None => return Err(cut()),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        self.at += 1;
        let byte = self.byte().ok_or_else(cut)?;
        let c = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            other => return self.wrong(other, " in string escape code"),
        };
        self.at += 1;
        Ok(c)
    }

    /// After `\u`; a surrogate without its other half is a replacement character.
    fn unicode(&mut self) -> Read<char> {
        let first = self.hex4()?;
        if let 0xD800..0xDC00 = first
            && self.text[self.at..].starts_with("\\u")
        {
            let begin = self.at;
            self.at += 2;
            if let second @ 0xDC00..0xE000 = self.hex4()? {
                let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = begin;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Read<u32> {
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.byte().ok_or_else(cut)?;
            match char::from(byte).to_digit(16) {
                Some(digit) => number = number * 16 + digit,
                None => return self.wrong(byte, " in \\u hexadecimal character escape"),
            }
            self.at += 1;
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_is_an_error() {
        let deep = "[".repeat(1_000_000);
        assert!(from_json(&deep).unwrap_err().contains("nests deeper"));
    }

    #[test]
    fn numbers_keep_their_digits_and_surrogates_join() {
        let value = from_json(r#"[123456789012345678901234567890, "\ud83d\ude00\ud800"]"#).unwrap();
        let items = value.as_slice().unwrap();
        assert_eq!(items[0].as_number().unwrap().to_string(), "123456789012345678901234567890");
        assert_eq!(items[1].as_str(), Some("😀\u{fffd}"));
    }
}
