//! The envelope: `cplan-plan <format> <lineage> <serial>`, a line's end, a nonce of 24 bytes, and the sealed document.
//!
//! Sealed with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), the line being authenticated with it. What is
//! sealed is an LZ4 frame (LZ4 Frame Format Description 1.6.3).

use std::io::Read as _;

use chacha20poly1305::aead::{Aead, AeadInPlace, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use sha2::{Digest, Sha256};

use super::{FORMAT, PlanFileError, PlanKey, PlanLabel};

const MAGIC: &str = "cplan-plan";
const NONCE: usize = 24;
/// The longest line that is looked for.
const LINE_LIMIT: usize = 256;
/// LZ4 makes nothing more than so many times smaller.
const LZ4_LIMIT: usize = 256;

/// The bytes of a file, whose document `write` writes. A plan can be large: it is compressed as it comes.
pub(super) fn seal(
    label: &PlanLabel,
    write: impl FnOnce(&mut FrameEncoder<Vec<u8>>) -> Result<(), PlanFileError>,
    key: &PlanKey,
) -> Result<Vec<u8>, PlanFileError> {
    let line = format!("{MAGIC} {} {} {}\n", label.format, label.lineage, label.serial);
    let mut encoder = FrameEncoder::new(Vec::new());
    write(&mut encoder)?;
    let packed = encoder.finish().map_err(|e| PlanFileError::Unwritable { what: e.to_string() })?;
    let nonce = nonce(&line, &packed, key);
    let mut bytes = [line.as_bytes(), &nonce, &packed].concat();
    let sealed = &mut bytes[line.len() + NONCE..];
    let tag = cipher(key).encrypt_in_place_detached(XNonce::from_slice(&nonce), line.as_bytes(), sealed);
    bytes.extend_from_slice(&tag.map_err(|_| PlanFileError::Unwritable { what: "it is too large".to_owned() })?);
    Ok(bytes)
}

/// The document of a file.
pub(super) fn open(bytes: &[u8], key: &PlanKey) -> Result<Vec<u8>, PlanFileError> {
    let (_, line, rest) = split(bytes)?;
    let Some((nonce, sealed)) = rest.split_at_checked(NONCE) else { return Err(PlanFileError::Sealed) };
    let payload = Payload { msg: sealed, aad: line };
    let packed = cipher(key).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| PlanFileError::Sealed)?;
    unpack(&packed)
}

/// The label, its line, and what stands behind it.
pub(super) fn split(bytes: &[u8]) -> Result<(PlanLabel, &[u8], &[u8]), PlanFileError> {
    let end = bytes.iter().take(LINE_LIMIT).position(|b| *b == b'\n').ok_or(PlanFileError::Foreign)?;
    let (line, rest) = bytes.split_at(end + 1);
    let text = std::str::from_utf8(&line[..end]).map_err(|_| PlanFileError::Foreign)?;
    let words: Vec<&str> = text.split(' ').collect();
    let [MAGIC, format, rest_of_label @ ..] = words.as_slice() else { return Err(PlanFileError::Foreign) };
    let format: u32 = format.parse().map_err(|_| PlanFileError::Foreign)?;
    if format > FORMAT {
        return Err(PlanFileError::Newer { found: format });
    }
    let [lineage, serial] = rest_of_label else { return Err(PlanFileError::Foreign) };
    let serial = serial.parse().map_err(|_| PlanFileError::Foreign)?;
    Ok((PlanLabel { format, lineage: (*lineage).to_owned(), serial }, line, rest))
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, PlanFileError> {
    // Block by block, and never more than the bytes that are there can hold.
    let limit = packed.len().saturating_mul(LZ4_LIMIT) as u64;
    let mut document = Vec::new();
    match FrameDecoder::new(packed).take(limit).read_to_end(&mut document) {
        Ok(_) => Ok(document),
        Err(_) => Err(PlanFileError::Malformed { what: "it cannot be decompressed".to_owned() }),
    }
}

fn cipher(key: &PlanKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&key.0).into())
}

/// Of what is sealed, so that the same plan gives the same file, and another plan another nonce. Both messages have a
/// fixed length: nothing can be appended to them.
fn nonce(line: &str, packed: &[u8], key: &PlanKey) -> [u8; NONCE] {
    let content = Sha256::new().chain_update(Sha256::digest(line)).chain_update(Sha256::digest(packed)).finalize();
    let keyed = Sha256::new().chain_update(b"cplan plan nonce").chain_update(key.0).chain_update(content).finalize();
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(&keyed[..NONCE]);
    nonce
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn label() -> PlanLabel {
        PlanLabel { format: 1, lineage: "l".into(), serial: 7 }
    }

    #[test]
    fn what_is_sealed_comes_back_and_is_not_in_clear() {
        let key = PlanKey([7; 32]);
        let sealed = seal(&label(), b"hunter2 hunter2", &key);
        assert_eq!(sealed, seal(&label(), b"hunter2 hunter2", &key));
        assert_eq!(open(&sealed, &key).unwrap(), b"hunter2 hunter2");
        assert_eq!(split(&sealed).unwrap().0, label());
        assert!(!sealed.windows(7).any(|w| w == b"hunter2"));
        assert!(matches!(open(&sealed, &PlanKey([8; 32])), Err(PlanFileError::Sealed)));
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let key = PlanKey([7; 32]);
        let sealed = seal(&label(), b"document", &key);
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert!(open(&bad, &key).is_err(), "byte {i}");
            assert!(open(&sealed[..i], &key).is_err(), "cut at {i}");
        }
        assert!(matches!(open(b"PK\x03\x04 a zip\n", &key), Err(PlanFileError::Foreign)));
        assert!(matches!(open(b"cplan-plan 9 some other form\n", &key), Err(PlanFileError::Newer { found: 9 })));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let packed = packed(b"document");
        assert_eq!(unpack(&packed).unwrap(), b"document");
        assert!(matches!(unpack(b"no frame at all"), Err(PlanFileError::Malformed { .. })));
    }

    fn packed(document: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(document).unwrap();
        encoder.finish().unwrap()
    }

    fn seal(label: &PlanLabel, document: &[u8], key: &PlanKey) -> Vec<u8> {
        let write = |out: &mut FrameEncoder<Vec<u8>>| {
            out.write_all(document).unwrap();
            Ok(())
        };
        super::seal(label, write, key).unwrap()
    }
}
