//! The resources that need Debian keep the promises of a resource.

use std::sync::Arc;

use cplan_model::{Diagnostics, Schema, Value};
use cplan_sdk::conformance::{Case, check};
use cplan_sdk::{Assembly, Context, Provider, Silent};
use cplan_ssh::{OpenSshShell, PackageResource, ServiceResource};
use tokio_util::sync::CancellationToken;

use super::{Debian, capable, services};

#[tokio::test(flavor = "multi_thread")]
async fn packages_and_services_keep_the_promises_of_a_resource() {
    if !capable() {
        return;
    }
    let repository = services::repository();
    for version in ["1.0", "1.1"] {
        repository.add("part", version, "", &[("/usr/share/part", version)]);
    }
    repository.index();
    let machine = Debian::start("a", &repository);
    let shell = Arc::new(OpenSshShell::default());
    let provider = Assembly::new("lab", Schema::default(), shell.clone(), |_| Ok(Diagnostics::new()))
        .resource(PackageResource::new(shell.clone()))
        .resource(ServiceResource::new(shell.clone()));
    let folder = tempfile::tempdir().unwrap();
    let ctx = Context::new(folder.path(), Arc::new(Silent), CancellationToken::new());
    let text = |text: &str| Value::string(text);
    let case = |ty: &str, base: &[(&str, Value)], change: (&str, Value)| {
        let schema = Provider::resource(&provider, ty).unwrap().schema();
        let empty = Value::object(schema.attributes.iter().map(|(n, a)| (n.clone(), Value::null(a.ty.clone()))));
        let empty = empty.with("machine", machine.access.to_value());
        let config = base.iter().fold(empty, |config, (name, value)| config.with(name, value.clone()));
        Case { changed: config.with(change.0, change.1), config }
    };
    let cases = [
        case("lab_package", &[("name", text("part")), ("version", text("1.0"))], ("version", text("1.1"))),
        case("lab_package", &[("name", text("part"))], ("version", text("1.0*"))),
    ];
    check(Provider::resource(&provider, "lab_package").unwrap(), &provider, &ctx, &cases).await.unwrap();
    machine.run("apt-get -q -y install echoer").expect(0);
    let cases = [
        case("lab_service", &[("name", text("echoer"))], ("enabled", Value::bool(false))),
        case(
            "lab_service",
            &[("name", text("echoer")), ("running", Value::bool(false))],
            ("running", Value::bool(true)),
        ),
    ];
    check(Provider::resource(&provider, "lab_service").unwrap(), &provider, &ctx, &cases).await.unwrap();
    provider.close().await;
}
