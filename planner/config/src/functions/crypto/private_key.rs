//! Private keys of RSA as files hold them: PKCS #1, PKCS #8 and OpenSSH's own form, none of them encrypted.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{BigUint, RsaPrivateKey};

/// The first private key of a text.
pub(super) fn read(text: &str) -> Result<RsaPrivateKey, String> {
    let Some(block) = Block::first(text) else { return Err("invalid private key: ssh: no key found".into()) };
    if block.encrypted {
        return Err("invalid private key: ssh: this private key is passphrase protected".into());
    }
    let asn1 = |why: String| format!("invalid ASN1 data in the given private key: {why}");
    match block.label {
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&block.bytes).map_err(|e| asn1(e.to_string())),
        "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(&block.bytes).map_err(|e| asn1(e.to_string())),
        "OPENSSH PRIVATE KEY" => {
            openssh(&block.bytes).ok_or_else(|| "invalid private key: ssh: it is no RSA key without passphrase".into())
        }
        "EC PRIVATE KEY" | "DSA PRIVATE KEY" => Err("invalid private key type: it is not RSA".into()),
        other => Err(format!("invalid private key: ssh: unsupported key type {other:?}")),
    }
}

/// A block of PEM (RFC 7468, and the header lines of RFC 1421).
struct Block<'a> {
    label: &'a str,
    bytes: Vec<u8>,
    encrypted: bool,
}

impl<'a> Block<'a> {
    /// The first whole one.
    fn first(text: &'a str) -> Option<Self> {
        let mut rest = text;
        loop {
            let begin = rest.find("-----BEGIN ")?;
            rest = &rest[begin + "-----BEGIN ".len()..];
            let (label, body) = rest.split_once("-----")?;
            let Some((body, _)) = body.split_once(&format!("-----END {label}-----")) else { continue };
            let encrypted = body.lines().any(|l| l.starts_with("Proc-Type:") && l.contains("ENCRYPTED"));
            let data: String = body.lines().filter(|l| !l.contains(':')).flat_map(|l| l.trim().chars()).collect();
            if let Ok(bytes) = BASE64_STANDARD.decode(data) {
                return Some(Block { label, bytes, encrypted });
            }
        }
    }
}

/// OpenSSH's form ("PROTOCOL.key" of its sources): strings with their lengths in front.
fn openssh(bytes: &[u8]) -> Option<RsaPrivateKey> {
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, kdf, _options) = (field(&mut rest)?, field(&mut rest)?, field(&mut rest)?);
    if cipher != b"none" || kdf != b"none" || number(&mut rest)? != 1 {
        return None;
    }
    let _public = field(&mut rest)?;
    let mut key = field(&mut rest)?;
    // The same number twice shows that the passphrase was right.
    if number(&mut key)? != number(&mut key)? || field(&mut key)? != b"ssh-rsa" {
        return None;
    }
    let mut big = || field(&mut key).map(BigUint::from_bytes_be);
    let (n, e, d, _inverse, p, q) = (big()?, big()?, big()?, big()?, big()?, big()?);
    RsaPrivateKey::from_components(n, e, d, vec![p, q]).ok()
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_be_bytes(*head))
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}
