//! `cplan machine console`: which host it asks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Session, said};

const STATE: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1,
"lineage": "11111111-2222-4333-8444-555555555555", "outputs": {}, "resources": [{"mode": "managed", "type": "lab_machine",
"name": "m", "provider": "provider[\"lab\"]", "instances": [{"schema_version": 0, "attributes": {"name": "m", "id": "x",
"domain": "cplan-m-1", "cpus": 1, "memory": "256MiB", "access": {"id": "x", "name": "m", "address": "10.0.0.2", "port": 22,
"user": "root", "host_key": "ssh-ed25519 AAAA", "key_file": "/k", "flavor": "micro"}}}]}]}"#;

#[test]
fn the_console_is_that_of_the_host_in_the_provider_block() {
    let lab = Session::new(
        "variable \"host\" {\n  default = \"far\"\n}\n\nprovider \"lab\" {\n  uri = \"qemu+ssh://${var.host}/system\"\n}\n",
    );
    lab.write("state.json", STATE);
    lab.ok("state push state.json");
    lab.write("bin/virsh", "#!/bin/sh\necho \"$*\"\n");
    fs::set_permissions(lab.path().join("bin/virsh"), fs::Permissions::from_mode(0o755)).unwrap();
    let asked = |line: &str, variable: Option<&str>| {
        let mut command = lab.command(line);
        command.env("PATH", format!("{}:{}", lab.path().join("bin").display(), std::env::var("PATH").unwrap()));
        command.env("LIBVIRT_DEFAULT_URI", "test:///default").envs(variable.map(|v| ("TF_VAR_host", v)));
        said(&mut command).out
    };
    let domain = "console --domain cplan-m-1\n";
    assert_eq!(asked("machine console m", None), format!("--connect qemu+ssh://far/system {domain}"));
    assert_eq!(asked("machine console m", Some("near")), format!("--connect qemu+ssh://near/system {domain}"));
    assert_eq!(asked("machine console -connect=test:///x m", None), format!("--connect test:///x {domain}"));
    lab.write("main.hcl", "");
    assert_eq!(asked("machine console m", None), format!("--connect test:///default {domain}"));
}
