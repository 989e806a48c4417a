//! Texts in other encodings than UTF-8, by the names that IANA gives them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};
use encoding_rs as rs;

use super::encoding::base64_bytes;
use super::{Context, Failure, Function, Outcome, Table, fixed, quoted, str_of, text};

pub(super) fn table() -> Table {
    vec![
        ("textencodebase64", Function::new([text("string"), text("encoding")], fixed(Type::String), encode)),
        ("textdecodebase64", Function::new([text("source"), text("encoding")], fixed(Type::String), decode)),
    ]
}

fn encode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let charset = Charset::named(str_of(&a[1]))?;
    let bytes = charset.codec.encode(str_of(&a[0])).ok_or_else(|| {
        let name = charset.name();
        Failure::Argument(0, format!("the given string contains characters that cannot be represented in {name}"))
    })?;
    Ok(Value::string(BASE64_STANDARD.encode(bytes)))
}

fn decode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let charset = Charset::named(str_of(&a[1]))?;
    let bytes = base64_bytes(str_of(&a[0])).map_err(|at| {
        Failure::Argument(0, format!("the given value is has an invalid base64 symbol at offset {at}"))
    })?;
    match charset.codec.decode(&bytes).filter(|t| !t.contains(char::REPLACEMENT_CHARACTER)) {
        Some(text) => Ok(Value::string(text)),
        None => {
            let name = charset.name();
            Err(Failure::Argument(0, format!("the given string contains symbols that are not defined for {name}")))
        }
    }
}

/// An encoding with its names in the registry of IANA, of which the first is the one that messages use.
struct Charset {
    names: &'static [&'static str],
    codec: Codec,
}

#[derive(Clone, Copy)]
enum Codec {
    Ascii,
    /// Every byte is the character of that number; with the exceptions of ISO 8859-9 where it is that.
    Latin(&'static [(u8, char)]),
    /// `big`: the higher byte first; `mark`: a byte order mark is written, and goes before `big` when reading.
    Utf16 {
        big: bool,
        mark: bool,
    },
    /// As the WHATWG defines it.
    Web(&'static rs::Encoding),
}

impl Charset {
    fn named(name: &str) -> Result<&'static Charset, Failure> {
        let wanted = name.trim();
        let found = CHARSETS.iter().find(|c| c.names.iter().any(|n| n.eq_ignore_ascii_case(wanted)));
        found.ok_or_else(|| {
            Failure::Argument(
                1,
                format!("{} is not a supported IANA encoding name or alias in this Terraform version", quoted(name)),
            )
        })
    }

    fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

impl Codec {
    /// `None` where a character has no place in it.
    fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Codec::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Codec::Latin(other) => text
                .chars()
                .map(|c| match other.iter().find(|(byte, special)| c == *special || u32::from(c) == u32::from(*byte)) {
                    Some((byte, special)) => (c == *special).then_some(*byte),
                    None => u8::try_from(u32::from(c)).ok(),
                })
                .collect(),
            Codec::Utf16 { big, mark } => {
                let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
                Some(units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect())
            }
            Codec::Web(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                (!unmappable && !self.undefined(text)).then(|| bytes.into_owned())
            }
        }
    }

    /// `None` where the bytes are nothing in it.
    fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Codec::Ascii => bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect()),
            Codec::Latin(other) => Some(
                bytes
                    .iter()
                    .map(|b| other.iter().find(|(byte, _)| byte == b).map_or(char::from(*b), |(_, special)| *special))
                    .collect(),
            ),
            Codec::Utf16 { big, mark } => {
                let (big, bytes) = match bytes {
                    [0xFE, 0xFF, rest @ ..] if mark => (true, rest),
                    [0xFF, 0xFE, rest @ ..] if mark => (false, rest),
                    _ => (big, bytes),
                };
                if bytes.len() % 2 == 1 {
                    return None;
                }
                let unit = |pair: &[u8]| match *pair {
                    [a, b] if big => u16::from_be_bytes([a, b]),
                    [a, b] => u16::from_le_bytes([a, b]),
                    _ => 0,
                };
                String::from_utf16(&bytes.chunks(2).map(unit).collect::<Vec<_>>()).ok()
            }
            Codec::Web(encoding) => {
                let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
                (!self.undefined(&text)).then(|| text.into_owned())
            }
        }
    }

    /// Whether a text has control characters that stand where a code page of Windows has nothing: the WHATWG fills
    /// its holes with them.
    fn undefined(self, text: &str) -> bool {
        let windows = matches!(self, Codec::Web(encoding) if encoding.name().starts_with("windows-"));
        windows && text.contains(|c| matches!(c, '\u{80}'..='\u{9f}'))
    }
}

const fn web(names: &'static [&'static str], encoding: &'static rs::Encoding) -> Charset {
    Charset { names, codec: Codec::Web(encoding) }
}

/// Where ISO 8859-9 is not ISO 8859-1.
const TURKISH: &[(u8, char)] = &[(0xD0, 'Ğ'), (0xDD, 'İ'), (0xDE, 'Ş'), (0xF0, 'ğ'), (0xFD, 'ı'), (0xFE, 'ş')];

/// IANA's registry "Character Sets", as far as there are codecs.
const CHARSETS: &[Charset] = &[
    web(&["UTF-8", "csUTF8"], rs::UTF_8),
    Charset { names: &["UTF-16", "csUTF16"], codec: Codec::Utf16 { big: true, mark: true } },
    Charset { names: &["UTF-16BE", "csUTF16BE"], codec: Codec::Utf16 { big: true, mark: false } },
    Charset { names: &["UTF-16LE", "csUTF16LE"], codec: Codec::Utf16 { big: false, mark: false } },
    Charset {
        names: &[
            "US-ASCII",
            "iso-ir-6",
            "ANSI_X3.4-1968",
            "ANSI_X3.4-1986",
            "ISO_646.irv:1991",
            "ISO646-US",
            "us",
            "IBM367",
            "cp367",
            "csASCII",
        ],
        codec: Codec::Ascii,
    },
    Charset {
        names: &[
            "ISO_8859-1:1987",
            "iso-ir-100",
            "ISO_8859-1",
            "ISO-8859-1",
            "latin1",
            "l1",
            "IBM819",
            "CP819",
            "csISOLatin1",
        ],
        codec: Codec::Latin(&[]),
    },
    web(&["ISO_8859-2:1987", "iso-ir-101", "ISO_8859-2", "ISO-8859-2", "latin2", "l2", "csISOLatin2"], rs::ISO_8859_2),
    web(&["ISO_8859-3:1988", "iso-ir-109", "ISO_8859-3", "ISO-8859-3", "latin3", "l3", "csISOLatin3"], rs::ISO_8859_3),
    web(&["ISO_8859-4:1988", "iso-ir-110", "ISO_8859-4", "ISO-8859-4", "latin4", "l4", "csISOLatin4"], rs::ISO_8859_4),
    web(
        &["ISO_8859-5:1988", "iso-ir-144", "ISO_8859-5", "ISO-8859-5", "cyrillic", "csISOLatinCyrillic"],
        rs::ISO_8859_5,
    ),
    web(
        &[
            "ISO_8859-6:1987",
            "iso-ir-127",
            "ISO_8859-6",
            "ISO-8859-6",
            "ECMA-114",
            "ASMO-708",
            "arabic",
            "csISOLatinArabic",
        ],
        rs::ISO_8859_6,
    ),
    web(&["ISO_8859-6-E", "csISO88596E", "ISO-8859-6-E"], rs::ISO_8859_6),
    web(&["ISO_8859-6-I", "csISO88596I", "ISO-8859-6-I"], rs::ISO_8859_6),
    web(
        &[
            "ISO_8859-7:1987",
            "iso-ir-126",
            "ISO_8859-7",
            "ISO-8859-7",
            "ELOT_928",
            "ECMA-118",
            "greek",
            "greek8",
            "csISOLatinGreek",
        ],
        rs::ISO_8859_7,
    ),
    web(&["ISO_8859-8:1988", "iso-ir-138", "ISO_8859-8", "ISO-8859-8", "hebrew", "csISOLatinHebrew"], rs::ISO_8859_8),
    web(&["ISO_8859-8-E", "csISO88598E", "ISO-8859-8-E"], rs::ISO_8859_8),
    web(&["ISO_8859-8-I", "csISO88598I", "ISO-8859-8-I"], rs::ISO_8859_8_I),
    Charset {
        names: &["ISO_8859-9:1989", "iso-ir-148", "ISO_8859-9", "ISO-8859-9", "latin5", "l5", "csISOLatin5"],
        codec: Codec::Latin(TURKISH),
    },
    web(&["ISO-8859-10", "iso-ir-157", "l6", "ISO_8859-10:1992", "csISOLatin6", "latin6"], rs::ISO_8859_10),
    web(&["ISO-8859-13", "csISO885913"], rs::ISO_8859_13),
    web(
        &["ISO-8859-14", "iso-ir-199", "ISO_8859-14:1998", "ISO_8859-14", "latin8", "iso-celtic", "l8", "csISO885914"],
        rs::ISO_8859_14,
    ),
    web(&["ISO-8859-15", "ISO_8859-15", "Latin-9", "csISO885915"], rs::ISO_8859_15),
    web(
        &["ISO-8859-16", "iso-ir-226", "ISO_8859-16:2001", "ISO_8859-16", "latin10", "l10", "csISO885916"],
        rs::ISO_8859_16,
    ),
    web(&["KOI8-R", "csKOI8R"], rs::KOI8_R),
    web(&["KOI8-U", "csKOI8U"], rs::KOI8_U),
    web(&["IBM866", "cp866", "866", "csIBM866"], rs::IBM866),
    web(&["macintosh", "mac", "csMacintosh"], rs::MACINTOSH),
    web(&["windows-874", "cswindows874"], rs::WINDOWS_874),
    web(&["windows-1250", "cswindows1250"], rs::WINDOWS_1250),
    web(&["windows-1251", "cswindows1251"], rs::WINDOWS_1251),
    web(&["windows-1252", "cswindows1252"], rs::WINDOWS_1252),
    web(&["windows-1253", "cswindows1253"], rs::WINDOWS_1253),
    web(&["windows-1254", "cswindows1254"], rs::WINDOWS_1254),
    web(&["windows-1255", "cswindows1255"], rs::WINDOWS_1255),
    web(&["windows-1256", "cswindows1256"], rs::WINDOWS_1256),
    web(&["windows-1257", "cswindows1257"], rs::WINDOWS_1257),
    web(&["windows-1258", "cswindows1258"], rs::WINDOWS_1258),
    web(&["Shift_JIS", "MS_Kanji", "csShiftJIS"], rs::SHIFT_JIS),
    web(&["Extended_UNIX_Code_Packed_Format_for_Japanese", "csEUCPkdFmtJapanese", "EUC-JP"], rs::EUC_JP),
    web(&["ISO-2022-JP", "csISO2022JP"], rs::ISO_2022_JP),
    web(&["EUC-KR", "csEUCKR"], rs::EUC_KR),
    web(&["GBK", "CP936", "MS936", "windows-936", "csGBK"], rs::GBK),
    web(&["GB18030", "csGB18030"], rs::GB18030),
    web(&["Big5", "csBig5"], rs::BIG5),
];
