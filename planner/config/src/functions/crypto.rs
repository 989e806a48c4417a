//! Hashes, of texts and of files, and what decrypts.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};
use md5::{Digest, Md5};
use rsa::Pkcs1v15Encrypt;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::file::read;
use super::{Context, Failure, Function, Outcome, Table, fixed, num, quoted, str_of, text};
use crate::evaluate::not_null;

mod private_key;

/// What is hashed is the text itself.
macro_rules! of_text {
    ($hash:ty, $spell:ident) => {
        Function::new([text("str")], fixed(Type::String), |_, a| {
            Ok(Value::string($spell(&<$hash>::digest(str_of(&a[0])))))
        })
    };
}

/// What is hashed are the bytes of the file that the text names.
macro_rules! of_file {
    ($hash:ty, $spell:ident) => {
        Function::new([text("path")], fixed(Type::String), |c, a| {
            Ok(Value::string($spell(&<$hash>::digest(bytes(c, str_of(&a[0]))?))))
        })
    };
}

pub(super) fn table() -> Table {
    vec![
        ("md5", of_text!(Md5, hex)),
        ("sha1", of_text!(Sha1, hex)),
        ("sha256", of_text!(Sha256, hex)),
        ("sha512", of_text!(Sha512, hex)),
        ("base64sha256", of_text!(Sha256, base64)),
        ("base64sha512", of_text!(Sha512, base64)),
        ("filemd5", of_file!(Md5, hex)),
        ("filesha1", of_file!(Sha1, hex)),
        ("filesha256", of_file!(Sha256, hex)),
        ("filesha512", of_file!(Sha512, hex)),
        ("filebase64sha256", of_file!(Sha256, base64)),
        ("filebase64sha512", of_file!(Sha512, base64)),
        ("bcrypt", Function::new([text("str")], fixed(Type::String), bcrypt).variadic(num("cost"))),
        ("rsadecrypt", Function::new([text("ciphertext"), text("privatekey")], fixed(Type::String), rsadecrypt)),
    ]
}

/// The bytes of a file, or why the call as a whole fails.
fn bytes(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Failure> {
    read(context, path).map_err(|unread| Failure::Call(unread.to_string()))
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The cost below which bcrypt is not asked for less, and the one where none is given.
const COSTS: (i64, u32) = (4, 10);

fn bcrypt(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    if context.scope.clock().now.is_none() {
        return Ok(not_null(Type::String));
    }
    let cost = match a.get(1).and_then(Value::as_number) {
        None => COSTS.1,
        Some(n) => {
            let cost = n.as_i64().ok_or_else(|| {
                Failure::Call(
                    "value must be a whole number, between -9223372036854775808 and 9223372036854775807".into(),
                )
            })?;
            if cost > 31 {
                let why = format!(
                    "error occured generating password crypto/bcrypt: cost {cost} is outside allowed range (4,31)"
                );
                return Err(why.into());
            }
            if cost < COSTS.0 { COSTS.1 } else { u32::try_from(cost).unwrap_or(COSTS.1) }
        }
    };
    if a.len() > 2 {
        return Err("bcrypt() takes no more than two arguments".into());
    }
    let password = str_of(&a[0]);
    if password.len() > 72 {
        return Err("error occured generating password bcrypt: password length exceeds 72 bytes".into());
    }
    let hash = bcrypt::hash_with_result(password, cost).map_err(|e| Failure::Call(e.to_string()))?;
    Ok(Value::string(hash.format_for_version(bcrypt::Version::TwoA)))
}

fn rsadecrypt(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = str_of(&a[0]);
    let cipher = BASE64_STANDARD.decode(text.replace(['\n', '\r'], "")).map_err(|_| {
        Failure::Argument(0, format!("failed to decode input {}: cipher text must be base64-encoded", quoted(text)))
    })?;
    let key = private_key::read(str_of(&a[1])).map_err(|why| Failure::Argument(1, why))?;
    let plain = key
        .decrypt(Pkcs1v15Encrypt, &cipher)
        .map_err(|_| Failure::Call("failed to decrypt: crypto/rsa: decryption error".into()))?;
    // Terraform lets bytes that are no text pass and prints replacement characters for them.
    Ok(Value::string(String::from_utf8_lossy(&plain).as_ref()))
}
