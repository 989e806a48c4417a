//! The document of version 4, member by member as Terraform writes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cplan_model::{CheckOwner, CheckResult, CheckStatus, CheckedBlock, InstanceAddr, InstanceKey, Mode};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::format::FormatError;
use crate::format::v1::IdentityV1;
use crate::{Record, RecordKey, State, Status};

#[derive(Serialize, Deserialize)]
pub(super) struct StateV4 {
    pub(super) version: u64,
    #[serde(default)]
    terraform_version: String,
    pub(super) serial: u64,
    pub(super) lineage: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) outputs: BTreeMap<String, OutputV4>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) resources: Vec<ResourceV4>,
    #[serde(default)]
    pub(super) check_results: Option<Vec<CheckV4>>,
}

/// What came of the conditions of a block.
#[derive(Serialize, Deserialize)]
pub(super) struct CheckV4 {
    object_kind: String,
    config_addr: String,
    status: String,
    #[serde(default)]
    objects: Option<Vec<CheckObjectV4>>,
}

#[derive(Serialize, Deserialize)]
struct CheckObjectV4 {
    object_addr: String,
    status: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    failure_messages: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OutputV4 {
    pub(super) value: Json,
    #[serde(rename = "type")]
    pub(super) ty: Json,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) sensitive: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ResourceV4 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) module: Option<String>,
    pub(super) mode: String,
    #[serde(rename = "type")]
    pub(super) ty: String,
    pub(super) name: String,
    provider: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) instances: Vec<InstanceV4>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct InstanceV4 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index_key: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deposed: Option<Deposed>,
    #[serde(default)]
    pub(super) schema_version: u64,
    pub(super) attributes: Json,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) sensitive_attributes: Vec<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub(super) dependencies: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) create_before_destroy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cplan: Option<OursV4>,
}

/// The key of a deposed object.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Deposed(pub(super) String);

/// What Terraform has no member for.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct OursV4 {
    pub(super) identity: Option<IdentityV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) container: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) boot_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_run: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) outcome_unknown: bool,
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl StateV4 {
    /// A document without outputs and resources.
    pub(super) fn new(state: &State, version: &str) -> Self {
        StateV4 {
            version: 4,
            terraform_version: version.to_owned(),
            serial: state.serial,
            lineage: state.lineage.clone(),
            outputs: BTreeMap::new(),
            resources: Vec::new(),
            check_results: (!state.checks.is_empty()).then(|| state.checks.iter().map(CheckV4::new).collect()),
        }
    }
}

impl CheckV4 {
    fn new((block, found): (&CheckOwner, &CheckedBlock)) -> Self {
        let object = |object: &CheckResult| CheckObjectV4 {
            object_addr: object.owner.to_string(),
            status: object.status.word().to_owned(),
            failure_messages: object.problems.clone(),
        };
        CheckV4 {
            object_kind: block.kind().to_owned(),
            config_addr: block.to_string(),
            status: found.status.word().to_owned(),
            objects: (!found.objects.is_empty()).then(|| found.objects.iter().map(object).collect()),
        }
    }

    pub(super) fn result(self) -> Result<(CheckOwner, CheckedBlock), FormatError> {
        let owner = |text: &str| {
            let wrong = || format!("`{text}` has no conditions of the kind `{}`", self.object_kind);
            CheckOwner::parse(&self.object_kind, text).ok_or_else(wrong)
        };
        let status =
            |word: &str| CheckStatus::parse(word).ok_or_else(|| format!("`{word}` is not what came of a condition"));
        let block = owner(&self.config_addr)?;
        let mut objects = Vec::new();
        for object in self.objects.iter().flatten() {
            let problems = object.failure_messages.clone();
            objects.push(CheckResult { owner: owner(&object.object_addr)?, status: status(&object.status)?, problems });
        }
        Ok((block, CheckedBlock { status: status(&self.status)?, ..CheckedBlock::of(objects) }))
    }
}

impl ResourceV4 {
    /// A resource without instances.
    pub(super) fn new(address: &InstanceAddr, provider: &str) -> Self {
        // `lab`, `lab.west`, `module.m.lab.west`.
        let mut rest = provider;
        while let Some((_, inner)) = rest.strip_prefix("module.").and_then(|call| call.split_once('.')) {
            rest = inner;
        }
        let within = provider.strip_suffix(rest).unwrap_or_default();
        let (name, alias) = rest.split_once('.').unwrap_or((rest, ""));
        let source = match name {
            "terraform" => "terraform.io/builtin/terraform".to_owned(),
            other => format!("cplan.local/cplan/{other}"),
        };
        let alias = if alias.is_empty() { String::new() } else { format!(".{alias}") };
        ResourceV4 {
            module: (!address.module.is_root()).then(|| address.module.to_string()),
            mode: match address.resource.mode {
                Mode::Managed => "managed".to_owned(),
                Mode::Data => "data".to_owned(),
            },
            ty: address.resource.ty.to_string(),
            name: address.resource.name.to_string(),
            provider: format!("{within}provider[\"{source}\"]{alias}"),
            instances: Vec::new(),
        }
    }

    /// Whether instances of the other belong to this one.
    pub(super) fn holds(&self, other: &ResourceV4) -> bool {
        let id = |r: &ResourceV4| (r.module.clone(), r.mode.clone(), r.ty.clone(), r.name.clone(), r.provider.clone());
        id(self) == id(other)
    }

    /// The name of the provider, with its alias behind a dot: of `provider["terraform.io/builtin/terraform"]` it is
    /// `terraform`.
    pub(super) fn provider_name(&self) -> Result<String, FormatError> {
        let wrong = || format!("`{}` is not a provider", self.provider);
        let (within, rest) = self.provider.split_once("provider[\"").ok_or_else(wrong)?;
        let (source, alias) = rest.split_once("\"]").ok_or_else(wrong)?;
        let name = source.rsplit('/').next().unwrap_or(source);
        Ok(format!("{within}{name}{alias}"))
    }
}

impl InstanceV4 {
    pub(super) fn new(key: &RecordKey, record: &Record, attributes: Json, sensitive: Vec<Json>) -> Self {
        InstanceV4 {
            index_key: key.address.key.as_ref().map(|key| match key {
                InstanceKey::Int(n) => Json::from(*n),
                InstanceKey::Str(text) => Json::from(&**text),
            }),
            status: (record.status == Status::Tainted).then(|| "tainted".to_owned()),
            deposed: key.deposed.clone().map(Deposed),
            schema_version: record.schema_version,
            attributes,
            sensitive_attributes: sensitive,
            private: (!record.private.is_empty()).then(|| STANDARD.encode(&record.private)),
            dependencies: record.dependencies.iter().map(ToString::to_string).collect(),
            create_before_destroy: record.create_before_destroy,
            cplan: Some(OursV4 {
                identity: Some((&record.identity).into()),
                container: record.container.as_ref().map(ToString::to_string),
                host: record.host.clone(),
                boot_id: record.boot_id.clone(),
                last_run: record.last_run.clone(),
                outcome_unknown: record.status == Status::OutcomeUnknown,
            }),
        }
    }

    pub(super) fn key(&self) -> Result<Option<InstanceKey>, FormatError> {
        match &self.index_key {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(InstanceKey::Str(text.as_str().into()))),
            Some(Json::Number(n)) if n.as_u64().is_some() => Ok(n.as_u64().map(InstanceKey::Int)),
            Some(other) => Err(format!("`{other}` is not the key of an instance").into()),
        }
    }

    pub(super) fn private_bytes(&self) -> Result<Vec<u8>, FormatError> {
        Ok(self.private.as_deref().map(|text| STANDARD.decode(text)).transpose()?.unwrap_or_default())
    }
}
