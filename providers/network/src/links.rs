//! Data `lab_links`: the link compiler. Machines and links in, the rules of each machine out; pure.

mod compile;
mod key;
mod near;
mod preset;
mod spec;

use async_trait::async_trait;
use cplan_model::{AttrPath, Attribute, Diagnostic, Diagnostics, Schema, Severity, Type, Value};
use cplan_sdk::{Context, DataSource, ProviderError};

use crate::rule;

/// The link compiler.
///
/// `links` is keyed by the pair: two tiers (`cloud-edge`), one tier (`edge`: within it), two machines (`edge0-edge1`), or
/// a machine and a tier; `a->b` is one direction only. For each direction of each pair of machines the narrowest key
/// wins as a whole: more machines named before fewer, then directed before undirected, then the user's before the
/// preset's. The `link` of a rule names the key that made it.
pub struct LinksSource {
    schema: Schema,
}

impl Default for LinksSource {
    fn default() -> Self {
        let machine = Type::object_with_optional([("tier", Type::String), ("address", Type::String)], ["tier"]);
        let schema = Schema::new(
            "Compiles links into the rules of each machine.",
            [
                (
                    "machines",
                    Attribute::required(Type::map(machine), "The machines by name, with tier and lab address."),
                ),
                (
                    "links",
                    Attribute::optional(
                        Type::Dynamic,
                        "Links by key (`cloud-edge`, `edge`, `a->b`), each an object with `one_way_delay` or `rtt`, \
                         `jitter`, `loss` and `rate`.",
                    ),
                ),
                (
                    "wireless",
                    Attribute::optional(Type::String, "A preset for the links of tier `endpoint`: `4g` or `5g`."),
                ),
                (
                    "rules",
                    Attribute::computed(
                        Type::map(Type::map(rule::ty())),
                        "The rules by machine and peer, for `lab_shaper`.",
                    ),
                ),
                (
                    "table",
                    Attribute::computed(
                        Type::list(row_ty()),
                        "Each pair of machines with what was asked for, for reports.",
                    ),
                ),
            ],
        );
        LinksSource { schema }
    }
}

#[async_trait]
impl DataSource for LinksSource {
    fn ty(&self) -> &'static str {
        "lab_links"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut errors = Diagnostics::new();
        errors.extend(compile::compile(config).1.into_iter().filter(|d| d.severity == Severity::Error));
        errors
    }

    fn is_pure(&self) -> bool {
        true
    }

    async fn read(&self, _ctx: &Context, config: Value) -> Result<(Value, Diagnostics), ProviderError> {
        let (compiled, found) = compile::compile(&config);
        if let Some(error) = found.iter().find(|d| d.severity == Severity::Error) {
            return Err(ProviderError::failed(error.what.clone()).remedy(error.remedy.clone()));
        }
        let unknown = |name: &str| Value::unknown(self.schema.attributes[name].ty.clone());
        let (rules, table) = match compiled {
            Some(compiled) => (compiled.rules, compiled.table),
            None => (unknown("rules"), unknown("table")),
        };
        Ok((config.with("rules", rules).with("table", table), found))
    }
}

/// `object({from, to, link, one_way_delay, rtt, jitter, loss, rate})`, all strings.
fn row_ty() -> Type {
    Type::object(
        ["from", "to", "link", "one_way_delay", "rtt", "jitter", "loss", "rate"].map(|name| (name, Type::String)),
    )
}

/// The path of a link in the configuration.
fn at(key: &str) -> AttrPath {
    AttrPath::attr("links").then(cplan_model::Step::Key(key.into()))
}

/// An error at a link.
fn error(id: &'static str, key: &str, what: String, remedy: impl Into<String>) -> Diagnostic {
    Diagnostic::error(id, "Invalid link", what).remedy(remedy).attribute(at(key))
}
