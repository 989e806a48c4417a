//! The table of changes, row by row on a real machine: `make verify-machines`.

mod measure;
mod rows;

use cplan_libvirt::{Effect, Rule, TABLE};
use cplan_sdk::{Disruption, Shell};
use serde_json::json;

use crate::lab::{Lab, Object};

/// What was seen of a row: in libvirt and in the guest.
pub(crate) struct Seen {
    libvirt: String,
    guest: String,
}

/// How a row went.
enum Verdict {
    Held(Seen),
    Skipped(String),
    Failed(String),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_table_of_changes_holds() {
    let Some(lab) = Lab::new() else { return };
    // All restarts and replacements take minutes: without the variable only the others are tried.
    let only = std::env::var("CPLAN_ROW").ok();
    let chosen = |rule: &&Rule| match &only {
        Some(part) => rule.attribute.contains(part.as_str()),
        None => rule.effect == Effect::Live,
    };
    let mut management = lab.network("v", "nat", "10.211.20.0/24").await;
    let mut second = lab.network("w", "nat", "10.211.21.0/24").await;
    let mut inner = lab.network("x", "isolated", "10.211.22.0/24").await;
    let mut other = lab.network("y", "isolated", "10.211.23.0/24").await;
    let nets = rows::Nets::of([&management, &second, &inner, &other]);
    let mut config = lab.machine_config("verified", &management, "10.211.20.11").await;
    config["interface"] = json!([{"network": nets.inner, "address": "10.211.22.11"}]);
    config["maximum_memory"] = json!("320MiB");
    let mut machine = Object::new(&lab.machines, &lab, "verified", config);
    machine.apply().await.unwrap();

    let mut table = Vec::new();
    for rule in TABLE.iter().filter(chosen) {
        let verdict = row(rule, &mut machine, &nets).await;
        println!("{}", line(rule, &verdict));
        table.push((rule, verdict));
    }
    machine.delete().await.unwrap();
    for network in [&mut management, &mut second, &mut inner, &mut other] {
        network.delete().await.unwrap();
    }
    lab.shell.close().await;

    println!("\n{:<24} {:<32} {:<8} {:<44} guest", "attribute", "change", "is", "libvirt");
    table.iter().for_each(|(rule, verdict)| println!("{}", line(rule, verdict)));
    let failed: Vec<_> =
        table.iter().filter(|(_, v)| matches!(v, Verdict::Failed(_))).map(|(r, v)| line(r, v)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(only.is_none_or(|part| !part.is_empty()) || table.len() == TABLE.len());
}

fn line(rule: &Rule, verdict: &Verdict) -> String {
    let when = if rule.when.is_empty() { "any" } else { rule.when };
    let start = format!("{:<24} {when:<32} {:<8}", rule.attribute, rule.effect.as_str());
    match verdict {
        Verdict::Held(seen) => format!("{start} {:<44} {}", seen.libvirt, seen.guest),
        Verdict::Skipped(why) => format!("{start} skipped: {why}"),
        Verdict::Failed(why) => format!("{start} FAILED: {why}"),
    }
}

/// Makes the change, and sees whether it was made as the table says.
async fn row(rule: &Rule, machine: &mut Object<'_>, nets: &rows::Nets) -> Verdict {
    if let Some(why) = rows::impossible(rule, machine) {
        return Verdict::Skipped(why);
    }
    match perform(rule, machine, nets).await {
        Ok(seen) => Verdict::Held(seen),
        Err(why) => Verdict::Failed(why),
    }
}

async fn perform(rule: &Rule, machine: &mut Object<'_>, nets: &rows::Nets) -> Result<Seen, String> {
    let same = |what: &str, holds: bool| if holds { Ok(()) } else { Err(what.to_owned()) };
    let before = rows::prepare(rule, machine, nets).await?;
    let (boot_id, id) = (machine.boot_id(), machine.identity.id.clone());
    rows::change(rule, machine, nets).await?;
    let planned = machine.response().await;
    let named = |paths: &[cplan_model::AttrPath]| {
        let root = rule.attribute.split(['.', '[']).next().unwrap_or_default();
        paths.iter().any(|path| path.root() == Some(root))
    };
    let replaced = machine.replaced_for().await;
    match rule.effect {
        Effect::Live => same("the plan announces a restart", planned.disruption.is_none() && replaced.is_empty())?,
        Effect::Restart => {
            same("the plan announces no restart", planned.disruption == Some(Disruption::Restart))?;
            same("the plan does not name the attribute", named(&planned.disrupted_by))?;
        }
        Effect::Replace => same("the plan names no attribute that forces it", !replaced.is_empty())?,
    }
    if rule.effect == Effect::Replace {
        machine.replace().await.map_err(told)?;
    } else {
        machine.apply().await.map_err(told)?;
    }
    same("it is not there afterwards", machine.read().await)?;
    let (left, disruption) = machine.plan().await;
    same(&format!("the next plan is not quiet: {left:?}"), left.is_empty() && disruption.is_none())?;
    let now = machine.run("cat /proc/sys/kernel/random/boot_id").await;
    same("the boot id of the guest is not the recorded one", machine.boot_id() == Some(now.clone()))?;
    same("the machine restarted", rule.effect != Effect::Live || boot_id.as_ref() == Some(&now))?;
    same("the machine did not restart", rule.effect == Effect::Live || boot_id.as_ref() != Some(&now))?;
    same("it is the same machine", (rule.effect == Effect::Replace) == (machine.identity.id != id))?;
    rows::look(rule, machine, before).await
}

fn told(error: cplan_sdk::ProviderError) -> String {
    format!("{error} {}", error.details)
}
