//! What messages carry: the header of a load message, and the answer to it.
//!
//! Big-endian: `"CPL"`, a kind byte, the sequence number (8 bytes), the intended send time in nanoseconds since the
//! publisher's start (8 bytes). An answer is the same header and the service time in nanoseconds (8 bytes). The intended
//! time travels with the message, so the publisher's clock is the only one that counts.

/// A message is at least this long.
pub(crate) const HEADER: usize = 20;
const ANSWER: usize = HEADER + 8;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Asks whether the worker is there and everybody is ready.
    Greeting,
    /// Asks for work.
    Load,
}

/// The beginning of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What it is for.
    pub(crate) kind: Kind,
    /// Counts from 0.
    pub(crate) sequence: u64,
    /// Nanoseconds since the publisher's start at which it should leave.
    pub(crate) intended_ns: u64,
}

impl Header {
    /// Writes itself over the beginning of a payload of at least [`HEADER`] bytes.
    pub(crate) fn write(self, payload: &mut [u8]) {
        payload[..3].copy_from_slice(b"CPL");
        payload[3] = match self.kind {
            Kind::Greeting => b'g',
            Kind::Load => b'l',
        };
        payload[4..12].copy_from_slice(&self.sequence.to_be_bytes());
        payload[12..20].copy_from_slice(&self.intended_ns.to_be_bytes());
    }

    /// Reads the beginning of a payload; `None` for what is not ours.
    pub(crate) fn read(payload: &[u8]) -> Option<Header> {
        let kind = match payload.get(..4)? {
            b"CPLg" => Kind::Greeting,
            b"CPLl" => Kind::Load,
            _ => return None,
        };
        Some(Header { kind, sequence: number(payload, 4)?, intended_ns: number(payload, 12)? })
    }

    /// The answer to it.
    pub(crate) fn answer(self, service_ns: u64) -> Vec<u8> {
        let mut payload = vec![0; ANSWER];
        self.write(&mut payload);
        payload[HEADER..].copy_from_slice(&service_ns.to_be_bytes());
        payload
    }

    /// Reads an answer: what it answers, and the service time.
    pub(crate) fn read_answer(payload: &[u8]) -> Option<(Header, u64)> {
        Some((Header::read(payload)?, number(payload, HEADER)?))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let header = Header { kind: Kind::Load, sequence: 7, intended_ns: u64::MAX };
        let mut payload = vec![0xff; 64];
        header.write(&mut payload);
        assert_eq!(Header::read(&payload), Some(header));
        assert_eq!(Header::read_answer(&header.answer(42)), Some((header, 42)));
    }

    #[test]
    fn refuses_what_is_not_ours() {
        let header = Header { kind: Kind::Greeting, sequence: 1, intended_ns: 2 };
        assert_eq!(Header::read(b"hello"), None);
        assert_eq!(Header::read(&header.answer(0)[..HEADER - 1]), None);
        assert_eq!(Header::read_answer(&header.answer(0)[..ANSWER - 1]), None);
    }
}
