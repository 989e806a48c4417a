//! All records of a state, each read and written on its own: a second copy of a large state is not made on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RecordV1;
use crate::{Record, RecordKey};

/// Records as a list in order of their keys, none twice.
#[derive(Default)]
pub(crate) struct RecordsV1(pub(crate) BTreeMap<RecordKey, Record>);

/// The same, borrowed to be written.
pub(crate) struct WrittenRecords<'a>(pub(crate) &'a BTreeMap<RecordKey, Record>);

impl Serialize for RecordsV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WrittenRecords(&self.0).serialize(serializer)
    }
}

impl Serialize for WrittenRecords<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(RecordV1::from))
    }
}

impl<'de> Deserialize<'de> for RecordsV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reading)
    }
}

/// Records that are read without moving them.
const ROOM: usize = 1 << 14;

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = RecordsV1;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RecordsV1, A::Error> {
        // How many there are stands nowhere. Room that is not used costs an address and no memory; to move what has been
        // read to a larger room costs both.
        let mut records: Vec<(RecordKey, Record)> = Vec::with_capacity(ROOM);
        let mut last: Arc<str> = "".into();
        while let Some(dto) = items.next_element::<RecordV1>()? {
            let (mut key, record): (RecordKey, Record) = dto.try_into().map_err(A::Error::custom)?;
            // Records of a type stand together, and share its name.
            let ty = &mut key.address.resource.ty;
            if *ty == last {
                ty.clone_from(&last)
            } else {
                last.clone_from(ty)
            }
            records.push((key, record));
        }
        // What is in order already is made a tree of at once.
        if !records.is_sorted_by(|(a, _), (b, _)| a < b) {
            records.sort_by(|(a, _), (b, _)| a.cmp(b));
            let same = |pair: &[(RecordKey, Record)]| matches!(pair, [(a, _), (b, _)] if a == b);
            if let Some(twice) = records.windows(2).find(|pair| same(pair)).and_then(<[_]>::last).map(|(_, r)| r) {
                let what = format_args!("the object with identity {} stands twice", twice.identity);
                return Err(A::Error::custom(what));
            }
        }
        Ok(RecordsV1(records.into_iter().collect()))
    }
}
