//! Records and intents in format 1.

use cplan_model::{Action, Identity, InstanceAddr};
use serde::{Deserialize, Serialize};

use super::FormatError;
use super::value::ValueV1;
use crate::{Intent, IntentId, Record, RecordKey, Status};

/// One object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordV1 {
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    provider: String,
    schema_version: u64,
    identity: IdentityV1,
    status: StatusV1,
    values: ValueV1,
    #[serde(default, skip_serializing_if = "BytesV1::is_empty")]
    private: BytesV1,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    create_before_destroy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_run: Option<String>,
}

/// One operation under way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntentV1 {
    id: u64,
    run: String,
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    action: ActionV1,
    provider: String,
    schema_version: u64,
    identity: IdentityV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prior: Option<ValueV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    planned: Option<ValueV1>,
    #[serde(default, skip_serializing_if = "BytesV1::is_empty")]
    private: BytesV1,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
}

/// The name of a real object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityV1 {
    id: String,
    lab: String,
    name: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusV1 {
    Ready,
    Tainted,
    OutcomeUnknown,
}

/// What is done to an object.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as the model's are, and told there")]
pub enum ActionV1 {
    NoOp,
    Read,
    Create,
    Update,
    Replace,
    Delete,
    Forget,
}

impl From<Action> for ActionV1 {
    fn from(action: Action) -> Self {
        match action {
            Action::NoOp => ActionV1::NoOp,
            Action::Read => ActionV1::Read,
            Action::Create => ActionV1::Create,
            Action::Update => ActionV1::Update,
            Action::Replace => ActionV1::Replace,
            Action::Delete => ActionV1::Delete,
            Action::Forget => ActionV1::Forget,
        }
    }
}

impl From<ActionV1> for Action {
    fn from(dto: ActionV1) -> Self {
        match dto {
            ActionV1::NoOp => Action::NoOp,
            ActionV1::Read => Action::Read,
            ActionV1::Create => Action::Create,
            ActionV1::Update => Action::Update,
            ActionV1::Replace => Action::Replace,
            ActionV1::Delete => Action::Delete,
            ActionV1::Forget => Action::Forget,
        }
    }
}

/// A provider's own bytes: readable where they are text, otherwise in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesV1 {
    /// As it is.
    Text(String),
    /// In hexadecimal digits.
    Hex(String),
}

impl Default for BytesV1 {
    fn default() -> Self {
        BytesV1::Text(String::new())
    }
}

impl BytesV1 {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        matches!(self, BytesV1::Text(text) if text.is_empty())
    }
}

impl From<&[u8]> for BytesV1 {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => BytesV1::Text(text.to_owned()),
            Err(_) => BytesV1::Hex(bytes.iter().map(|b| format!("{b:02x}")).collect()),
        }
    }
}

impl TryFrom<BytesV1> for Vec<u8> {
    type Error = FormatError;

    fn try_from(dto: BytesV1) -> Result<Self, FormatError> {
        let digits = match dto {
            BytesV1::Text(text) => return Ok(text.into_bytes()),
            BytesV1::Hex(digits) => digits.into_bytes(),
        };
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let bytes = digits.chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        bytes.collect::<Option<_>>().ok_or_else(|| "private bytes are not hexadecimal".into())
    }
}

impl From<&Identity> for IdentityV1 {
    fn from(identity: &Identity) -> Self {
        let Identity { id, lab, name } = identity.clone();
        IdentityV1 { id, lab, name }
    }
}

impl From<IdentityV1> for Identity {
    fn from(IdentityV1 { id, lab, name }: IdentityV1) -> Self {
        Identity { id, lab, name }
    }
}

fn texts(addresses: &[InstanceAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

fn addresses(texts: Vec<String>) -> Result<Vec<InstanceAddr>, FormatError> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}

fn address(text: Option<String>) -> Result<Option<InstanceAddr>, FormatError> {
    text.map(|text| Ok(text.parse()?)).transpose()
}

impl From<(&RecordKey, &Record)> for RecordV1 {
    fn from((key, record): (&RecordKey, &Record)) -> Self {
        RecordV1 {
            address: key.address.to_string(),
            deposed: key.deposed.clone(),
            provider: record.provider.clone(),
            schema_version: record.schema_version,
            identity: (&record.identity).into(),
            status: match record.status {
                Status::Ready => StatusV1::Ready,
                Status::Tainted => StatusV1::Tainted,
                Status::OutcomeUnknown => StatusV1::OutcomeUnknown,
            },
            values: (&record.values).into(),
            private: record.private.as_slice().into(),
            dependencies: texts(&record.dependencies),
            container: record.container.as_ref().map(ToString::to_string),
            host: record.host.clone(),
            create_before_destroy: record.create_before_destroy,
            boot_id: record.boot_id.clone(),
            last_run: record.last_run.clone(),
        }
    }
}

impl TryFrom<RecordV1> for (RecordKey, Record) {
    type Error = FormatError;

    fn try_from(dto: RecordV1) -> Result<Self, FormatError> {
        let key = RecordKey { address: dto.address.parse()?, deposed: dto.deposed };
        let record = Record {
            provider: dto.provider,
            schema_version: dto.schema_version,
            values: dto.values.try_into()?,
            private: dto.private.try_into()?,
            identity: dto.identity.into(),
            dependencies: addresses(dto.dependencies)?,
            container: address(dto.container)?,
            host: dto.host,
            status: match dto.status {
                StatusV1::Ready => Status::Ready,
                StatusV1::Tainted => Status::Tainted,
                StatusV1::OutcomeUnknown => Status::OutcomeUnknown,
            },
            create_before_destroy: dto.create_before_destroy,
            boot_id: dto.boot_id,
            last_run: dto.last_run,
        };
        Ok((key, record))
    }
}

impl From<&Intent> for IntentV1 {
    fn from(intent: &Intent) -> Self {
        IntentV1 {
            id: intent.id.0,
            run: intent.run.clone(),
            address: intent.key.address.to_string(),
            deposed: intent.key.deposed.clone(),
            action: intent.action.into(),
            provider: intent.provider.clone(),
            schema_version: intent.schema_version,
            identity: (&intent.identity).into(),
            prior: intent.prior.as_ref().map(Into::into),
            planned: intent.planned.as_ref().map(Into::into),
            private: intent.private.as_slice().into(),
            dependencies: texts(&intent.dependencies),
            container: intent.container.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<IntentV1> for Intent {
    type Error = FormatError;

    fn try_from(dto: IntentV1) -> Result<Self, FormatError> {
        Ok(Intent {
            id: IntentId(dto.id),
            run: dto.run,
            key: RecordKey { address: dto.address.parse()?, deposed: dto.deposed },
            action: dto.action.into(),
            provider: dto.provider,
            schema_version: dto.schema_version,
            identity: dto.identity.into(),
            prior: dto.prior.map(TryInto::try_into).transpose()?,
            planned: dto.planned.map(TryInto::try_into).transpose()?,
            private: dto.private.try_into()?,
            dependencies: addresses(dto.dependencies)?,
            container: address(dto.container)?,
        })
    }
}
