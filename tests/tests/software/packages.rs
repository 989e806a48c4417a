//! `lab_package`.

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines, sessions};

/// Twenty small packages, some with what they need, in two versions each.
fn repository() -> Repository {
    let repository = Repository::new();
    repository.add("needed", "1.0", "", &[("/usr/share/needed/it", "x\n")]);
    for n in 0..20 {
        let needs = if n < 3 { "Depends: needed\n" } else { "" };
        for version in ["1.0-1", "1.1-1"] {
            repository.add(&format!("part{n}"), version, needs, &[(&format!("/usr/share/part{n}"), version)]);
        }
    }
    repository.index();
    repository
}

const TWENTY: &str = r#"
resource "lab_package" "part" {
  for_each = { for pair in setproduct(keys(local.machines), range(20)) : "${pair[0]}-${pair[1]}" => pair }
  machine  = local.machines[each.value[0]]
  name     = "part${each.value[1]}"
}
"#;

#[test]
fn twenty_packages_on_three_machines_are_one_transaction_each() {
    if !capable() {
        return;
    }
    let repository = repository();
    let all: Vec<Debian> = ["a", "b", "c"].iter().map(|name| Debian::start(name, &repository)).collect();
    let folder = Folder::with(&(machines(&all) + TWENTY));
    let applied = folder.cplan(&["apply", "-auto-approve", "-v"]).expect(0);
    assert!(sessions(&applied) <= 3, "{}", applied.text());
    for machine in &all {
        assert_eq!(machine.transactions(), 1);
        let installed = machine.run("dpkg-query -W 'part*' needed | wc -l").stdout;
        assert_eq!(installed.trim(), "21");
    }
    let before: Vec<usize> = all.iter().map(Debian::commands).collect();
    let plan = folder.cplan(&["plan", "-detailed-exitcode", "-v"]).expect(0);
    assert!(plan.text().contains("No changes"), "{}", plan.text());
    for (machine, before) in all.iter().zip(before) {
        // The session's own, and the read.
        assert_eq!(machine.commands() - before, 2);
    }

    // By hand: one removed, one of another version.
    all[0]
        .run("apt-get -q -y purge part7; apt-get update; apt-get -q -y --allow-downgrades install part8=1.0-1")
        .expect(0);
    let drift = folder.cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("a-7") && drift.contains("true -> false") && !drift.contains("b-7"), "{drift}");
    let before = all[0].transactions();
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(all[0].transactions(), before + 1);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);

    let before: Vec<usize> = all.iter().map(Debian::transactions).collect();
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    for (machine, before) in all.iter().zip(before) {
        assert_eq!(machine.transactions(), before + 1);
        machine.run("! dpkg-query -W 'part*' needed 2>/dev/null | grep . && test ! -e /var/lib/cplan && test ! -e /usr/share/needed").expect(0);
    }
}
