//! Who may know whom: cli -> engine, providers; engine -> config, state, sdk; providers -> sdk; all -> model.

use cplan_tests::repository::{Package, packages};

/// The folders that a package in `folder` may need.
fn may_need(folder: &str) -> &'static [&'static str] {
    match folder {
        "planner/model" => &[],
        "planner/config" | "state/store" | "providers/sdk" => &["planner/model"],
        "planner/engine" => &["planner/model", "planner/config", "state/store", "providers/sdk"],
        "planner/cli" | "tests" => &["planner/", "state/", "providers/"],
        // The guest binary is a part of whoever pushes it: they speak its protocol.
        _ if folder.starts_with("providers/") => &["planner/model", "providers/sdk", "providers/guest"],
        _ => &[],
    }
}

fn wrong_arrows(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages {
        for need in &package.needs {
            let folder = packages.iter().find(|p| p.name == *need).map_or("outside of the workspace", |p| &p.folder);
            let allowed = |f: &str| if f.ends_with('/') { folder.starts_with(f) } else { folder == f };
            if !may_need(&package.folder).iter().any(|f| allowed(f)) {
                wrong.push(format!("{} -> {need}", package.name));
            }
        }
    }
    wrong
}

#[test]
fn no_arrow_points_the_wrong_way() {
    assert_eq!(wrong_arrows(&packages()), Vec::<String>::new());
}

#[test]
fn a_wrong_arrow_is_found() {
    let mut packages = packages();
    let engine = packages.iter_mut().find(|p| p.name == "cplan-engine").unwrap();
    engine.needs.push("cplan-libvirt".into());
    assert_eq!(wrong_arrows(&packages), ["cplan-engine -> cplan-libvirt"]);
}
