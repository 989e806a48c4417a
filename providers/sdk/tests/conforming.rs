//! Every fake type keeps the promises of a resource; and the suite notices when one does not.

use std::collections::BTreeMap;

use cplan_model::{Type, Value};
use cplan_sdk::conformance::{Case, check};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Context, Observed, PlanRequest, PlanResponse, ProviderError, RecoverRequest, Resource,
};

use crate::setting::{Setting, config, text};

fn case<const N: usize>(resource: &dyn Resource, base: &[(&str, Value)], changed: [(&str, Value); N]) -> Case {
    let config =
        base.iter().fold(config(resource.schema(), []), |config, (name, value)| config.with(name, value.clone()));
    let changed = changed.into_iter().fold(config.clone(), |config, (name, value)| config.with(name, value));
    Case { config, changed }
}

#[tokio::test]
async fn every_fake_type_conforms() {
    let setting = Setting::new();
    let holder = setting.resource("fake_box");
    let made = setting
        .create("fake_box", "holder", &config(holder.schema(), [("name", text("h")), ("memory", text("1GiB"))]))
        .await
        .unwrap();
    let access = made.values.get("access").unwrap().clone();
    let tags = |pairs: &[(&str, &str)]| Value::map(Type::String, pairs.iter().map(|(k, v)| (*k, text(v))));
    let ports = |ports: &[i64]| Value::list(Type::Number, ports.iter().map(|p| Value::number(*p)));
    type Attributes = Vec<(&'static str, Value)>;
    type Change = [(&'static str, Value); 1];
    let table: BTreeMap<&str, (Attributes, Change)> = BTreeMap::from([
        ("fake_thing", (vec![("name", text("a")), ("size", text("1024MiB"))], [("value", text("x"))])),
        ("fake_slow", (vec![("name", text("a")), ("before", text("5ms"))], [("value", text("x"))])),
        ("fake_failing", (vec![("name", text("a"))], [("value", text("x"))])),
        ("fake_drifting", (vec![("name", text("a")), ("tags", tags(&[("k", "v")]))], [("ports", ports(&[1, 2]))])),
        ("fake_box", (vec![("name", text("a")), ("memory", text("1GiB"))], [("memory", text("2048MiB"))])),
        ("fake_content", (vec![("name", text("a")), ("box", access.clone())], [("text", text("x"))])),
        ("fake_parcel", (vec![("name", text("a")), ("box", access)], [("text", text("x"))])),
    ]);
    assert_eq!(table.keys().copied().collect::<Vec<_>>(), setting.provider.resource_types());
    for (ty, (base, changed)) in table {
        let resource = setting.resource(ty);
        let case = case(resource, &base, changed);
        check(resource, &*setting.provider, &setting.ctx, &[case]).await.unwrap();
    }
    let left: Vec<_> = setting.world.objects().unwrap().into_iter().map(|o| o.id).collect();
    assert_eq!(left, ["holder"]);
}

/// A type with one broken promise.
struct Liar<'a> {
    honest: &'a dyn Resource,
    lie: &'static str,
}

#[async_trait::async_trait]
impl Resource for Liar<'_> {
    fn ty(&self) -> &'static str {
        self.honest.ty()
    }

    fn schema(&self) -> &cplan_model::Schema {
        self.honest.schema()
    }

    async fn plan(&self, ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut plan = self.honest.plan(ctx, request).await?;
        match self.lie {
            "rewrites" => plan.planned = plan.planned.map(|v| v.with("name", text("other"))),
            "plans a change" => plan.planned = plan.planned.map(|v| v.with("token", Value::unknown(Type::String))),
            _ => {}
        }
        Ok(plan)
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        if self.lie == "is there" && request.planned.is_none() {
            return Ok(ApplyResponse { values: Value::null(Type::Dynamic), private: Vec::new(), boot_id: None });
        }
        let mut response = self.honest.apply(ctx, request).await?;
        if self.lie == "other than planned" {
            response.values = response.values.with("id", text("another"));
        }
        Ok(response)
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        match self.lie {
            "not recovered" => Ok(Observed::Absent),
            _ => self.honest.recover(ctx, request).await,
        }
    }
}

#[tokio::test]
async fn the_suite_notices_lies() {
    let setting = Setting::new();
    let honest = setting.resource("fake_thing");
    for lie in ["rewrites", "plans a change", "is there", "other than planned", "not recovered"] {
        let case = case(honest, &[("name", text(lie))], [("value", text("x"))]);
        let broken = check(&Liar { honest, lie }, &*setting.provider, &setting.ctx, &[case]).await.unwrap_err();
        assert!(broken.to_string().contains(lie), "{lie}: {broken}");
    }
}
