//! `lab_package`.

use std::time::{Duration, Instant};

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
        assert_eq!(machine.commands() - before, 1, "the read comes with the session");
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

fn one(own: &str, packages: &[(&str, &str)]) -> String {
    let block = |(name, more): &(&str, &str)| {
        format!(
            "resource \"lab_package\" \"{name}\" {{\n  machine = local.machines.a\n  name    = \"{name}\"\n{more}}}\n"
        )
    };
    own.to_owned() + &packages.iter().map(block).collect::<String>()
}

/// What cannot be installed stops nothing else, and what it says is of use.
#[test]
fn a_package_that_cannot_be_installed_fails_alone() {
    if !capable() {
        return;
    }
    let repository = repository();
    repository.add("broken", "1.0", "Depends: nothing-has-this\n", &[]);
    repository.add("against", "1.0", "Conflicts: part0\n", &[]);
    repository.add("provider", "1.0", "Provides: idea\n", &[]);
    let failing = "#!/bin/sh\necho 'it fails' >&2\nexit 1\n";
    repository.add("failing", "1.0", "", &[("/DEBIAN/postinst", failing)]);
    repository.index();
    let machine = Debian::start("a", &repository);
    let own = machines(std::slice::from_ref(&machine));
    let wanted = [
        ("part0", ""),
        ("part1", "  version = \"3.0\"\n"),
        ("part2", "  version = \"1.0*\"\n"),
        ("broken", ""),
        ("missing", ""),
        ("idea", ""),
    ];
    let folder = Folder::with(&one(&own, &wanted));
    let said = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    for part in [
        "there is no package `missing`",
        "the package `part1` has no version 3.0",
        "have 1.1-1, 1.0-1",
        "apt could not install or remove the package `broken`",
        "nothing-has-this",
        "`idea` is a virtual package",
        "those that provide it: provider",
    ] {
        assert!(said.to_lowercase().contains(&part.to_lowercase()), "`{part}` is missing in:\n{said}");
    }
    assert_eq!(machine.transactions(), 1);
    assert_eq!(folder.cplan(&["state", "list"]).stdout, "lab_package.part0\nlab_package.part2\n");
    assert_eq!(machine.run("dpkg-query -W -f '${Version}' part2").stdout, "1.0-1");
    // What failed left no mark.
    assert_eq!(machine.run("ls /var/lib/cplan/owned | wc -l").stdout.trim(), "2");

    folder.write("main.hcl", &one(&own, &[("part0", ""), ("failing", "")]));
    let said = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(said.contains("it fails"), "{said}");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("! dpkg-query -W 'part*' failing needed 2>/dev/null | grep . && test ! -e /var/lib/cplan").expect(0);
}

/// What was there before, and what others need, is not ours to remove.
#[test]
fn packages_of_others_stay() {
    if !capable() {
        return;
    }
    let repository = repository();
    repository.add("theirs", "1.0", "Depends: part5\n", &[]);
    repository.index();
    let machine = Debian::start("a", &repository);
    machine.run("apt-get -q update && apt-get -q -y install part4").expect(0);
    let own = machines(std::slice::from_ref(&machine));
    let folder = Folder::with(&one(&own, &[("part3", ""), ("part4", ""), ("part5", "")]));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    machine.run("apt-get -q -y install theirs").expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    let left = machine.run("dpkg-query -W -f '${Package} ' 'part*' theirs").stdout;
    assert_eq!(left, "part4 part5 theirs ");
    let why = folder.cplan(&["logs", "lab_package.part5"]).expect(0).stdout;
    assert!(why.contains("part5 stays, because theirs, which is not ours, needs it"), "{why}");

    // Of two objects that keep one package the last takes it along, whichever came first.
    let twice = |which: &[&str]| {
        let block = |n: &&str| {
            format!("resource \"lab_package\" \"{n}\" {{\n  machine = local.machines.a\n  name    = \"part6\"\n}}\n")
        };
        own.clone() + &which.iter().map(block).collect::<String>()
    };
    for which in [&["x"][..], &["x", "y"], &["y"]] {
        folder.write("main.hcl", &twice(which));
        folder.cplan(&["apply", "-auto-approve"]).expect(0);
        assert_eq!(machine.run("dpkg-query -W -f '${db:Status-Status}' part6").stdout, "installed", "{which:?}");
    }
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("! dpkg-query -W part6 2>/dev/null | grep .").expect(0);

    // Imported, it is ours: destroy removes it.
    folder.write("main.hcl", &one(&own, &[("part4", "")]));
    folder.cplan(&["import", "lab_package.part4", "part4"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("! dpkg-query -W part4 2>/dev/null | grep . && test ! -e /var/lib/cplan/owned").expect(0);
}

/// Nor does one that breaks off in the middle: what can be installed is, and what can be removed goes.
#[test]
fn a_package_that_breaks_off_fails_alone() {
    if !capable() {
        return;
    }
    let repository = repository();
    let file = [("/etc/shared", "x\n")];
    repository.add("first", "1.0", "", &file);
    repository.add("second", "1.0", "", &file);
    let stays = "#!/bin/sh\ntest -e /run/may-go || { echo 'it stays' >&2; exit 1; }\n";
    repository.add("stubborn", "1.0", "", &[("/DEBIAN/prerm", stays)]);
    repository.index();
    let machine = Debian::start("a", &repository);
    let own = machines(std::slice::from_ref(&machine));
    let names = [("part3", ""), ("first", ""), ("second", ""), ("stubborn", ""), ("part4", "")];
    let folder = Folder::with(&one(&own, &names));
    let said = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(said.contains("remove the package `") && said.contains("trying to overwrite"), "{said}");
    assert!(said.contains("4 added"), "{said}");
    let installed = "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' part3 part4 first second stubborn 2>/dev/null | sed -n 's/ installed//p'";
    assert_eq!(machine.run(installed).stdout.lines().count(), 4);
    assert_eq!(machine.run("dpkg --audit").stdout, "");

    let said = folder.cplan(&["destroy", "-auto-approve"]).expect(1).text();
    assert!(said.contains("`stubborn`") && said.contains("it stays") && said.contains("3 destroyed"), "{said}");
    assert_eq!(machine.run(installed).stdout, "stubborn\n");
    machine.run("touch /run/may-go").expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(machine.run(installed).stdout, "");
    machine.run("test ! -e /var/lib/cplan").expect(0);
}

/// What came along goes, though another package recommends it or its priority is one that apt never takes away; and what
/// somebody else needs by then stays.
#[test]
fn what_came_along_goes_unless_it_is_needed() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    repository.add("required", "1.0", "Priority: required\n", &[]);
    repository.add("wished", "1.0", "", &[]);
    repository.add("shared", "1.0", "Priority: required\n", &[]);
    repository.add("there", "1.0", "Recommends: wished\n", &[]);
    repository.add("later", "1.0", "Depends: shared\n", &[]);
    repository.add("ours", "1.0", "Depends: required, wished, shared\n", &[]);
    repository.index();
    let machine = Debian::start("a", &repository);
    machine.run("apt-get -q update && apt-get -q -y install --no-install-recommends there").expect(0);
    let folder = Folder::with(&one(&machines(std::slice::from_ref(&machine)), &[("ours", "")]));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    machine.run("apt-get -q -y install later").expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    let is = "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' required wished shared there later ours 2>/dev/null | grep ' installed'";
    assert_eq!(machine.run(is).stdout, "later installed\nshared installed\nthere installed\n");
}

/// What conflicts with ours gives way and is as it was when ours goes; what somebody holds is changed only where that is
/// asked for, and is held again.
#[test]
fn what_gives_way_comes_back_and_what_is_held_stays_held() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    for version in ["1.0", "2.0"] {
        repository.add("held", version, "", &[]);
    }
    repository.add("rival", "1.0", "Conflicts: victim, bystander\n", &[]);
    repository.add("victim", "1.0", "", &[]);
    repository.add("bystander", "1.0", "", &[]);
    repository.add("part", "1.0", "", &[]);
    repository.add("newer", "1.0", "Depends: held (>= 2.0)\n", &[]);
    repository.index();
    let machine = Debian::start("a", &repository);
    let before = "apt-get -q update && apt-get -q -y install held=1.0 victim bystander && apt-mark auto victim && apt-mark hold held";
    machine.run(before).expect(0);
    let is = || {
        let installed = "dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n' held rival victim bystander";
        let held = "apt-mark showhold; apt-mark showauto victim";
        machine.run(&format!("{installed} 2>/dev/null | sed -n 's/ installed//p'; {held}")).stdout
    };
    let own = machines(std::slice::from_ref(&machine));
    let folder = Folder::with(&one(&own, &[("newer", "")]));
    let refused = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(refused.contains("you have held broken packages"), "{refused}");
    let all = [("rival", ""), ("part", ""), ("held", "  version = \"2.0\"\n")];
    folder.write("main.hcl", &one(&own, &all));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert!(folder.cplan(&["logs", "lab_package.rival"]).stdout.contains("victim gives way"));
    assert_eq!(is(), "held 2.0\nrival 1.0\nheld\n");
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    // What has nothing to do with it brings nothing back.
    folder.write("main.hcl", &one(&own, &all[..1]));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert!(!is().contains("victim"), "{}", is());
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(is(), "bystander 1.0\nheld 1.0\nvictim 1.0\nheld\nvictim\n");
    machine.run("test ! -e /var/lib/cplan").expect(0);
}

/// What was there in another version is of that again when ours goes, with what that needs; and where it cannot be, it is said,
/// when it is changed and when it goes. What somebody changed since stays.
#[test]
fn a_version_from_before_comes_back() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    for version in ["1.0", "2.0"] {
        for name in ["plain", "c++-lib", "moved", "vanished"] {
            repository.add(name, version, "", &[]);
        }
        repository.add("tied", version, &format!("Depends: c++-lib (= {version})\n"), &[]);
    }
    repository.add("moved", "3.0", "", &[]);
    repository.index();
    let machine = Debian::start("a", &repository);
    let lay = "apt-get -q update && apt-get -q -y install plain=1.0 tied=1.0 moved=1.0 vanished=1.0 c++-lib=1.0 \
               && apt-mark auto plain c++-lib";
    machine.run(lay).expect(0);
    let is = || {
        let installed = "dpkg-query -W -f '${Package} ${Version}\\n' plain tied moved vanished c++-lib";
        machine.run(&format!("{installed}; apt-mark showauto plain tied moved vanished c++-lib")).stdout
    };
    let before = is();
    repository.remove("vanished", "1.0");
    machine.run("apt-get -q update").expect(0);
    let own = machines(std::slice::from_ref(&machine));
    let two = "  version = \"2.0\"\n";
    let all = [("plain", two), ("tied", two), ("moved", two), ("vanished", two)];
    let folder = Folder::with(&one(&own, &all));
    let said = folder.cplan(&["apply", "-auto-approve"]).expect(0).text();
    let lost = "lab_package.vanished: Note: no package source has vanished 1.0, which was there before";
    assert!(said.contains(lost) && said.matches("Note").count() == 1, "{said}");
    assert_eq!(is().matches("2.0").count(), 5, "{}", is());
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    machine.run("apt-get -q -y install moved=3.0").expect(0);
    let transactions = machine.transactions();
    let said = folder.cplan(&["destroy", "-auto-approve"]).expect(0).text();
    let lost =
        "Note: vanished stays 2.0: 1.0, which was there before, cannot be brought back (no package source has it)";
    assert!(said.contains(lost) && said.matches("Note").count() == 1, "{said}");
    assert_eq!(is(), before.replace("moved 1.0", "moved 3.0").replace("vanished 1.0", "vanished 2.0"));
    assert_eq!(machine.transactions(), transactions + 1);
    machine.run("test ! -e /var/lib/cplan").expect(0);

    // From one version to another the first one stays in mind, and another object that keeps the package keeps it, too.
    let twice = |x: &str, y: &str| {
        let block = |n: &str, v: &str| {
            format!(
                "resource \"lab_package\" \"{n}\" {{\n  machine = local.machines.a\n  name    = \"moved\"\n  version = \"{v}\"\n}}\n"
            )
        };
        own.clone()
            + &[("x", x), ("y", y)].map(|(n, v)| if v.is_empty() { String::new() } else { block(n, v) }).concat()
    };
    for (x, y, is) in [("1.0", "", "1.0"), ("2.0", "2.0", "2.0"), ("", "2.0", "2.0")] {
        folder.write("main.hcl", &twice(x, y));
        folder.cplan(&["apply", "-auto-approve"]).expect(0);
        assert_eq!(machine.run("dpkg-query -W -f '${Version}' moved").stdout, is, "{x}/{y}");
    }
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(machine.run("dpkg-query -W -f '${Version}' moved").stdout, "3.0");
    machine.run("test ! -e /var/lib/cplan").expect(0);
}

/// A transaction whose cplan was killed goes on, and the next apply finds what it did.
#[test]
fn a_killed_transaction_is_settled_and_not_done_twice() {
    if !capable() {
        return;
    }
    let repository = repository();
    repository.add("slow", "1.0", "", &[("/DEBIAN/postinst", "#!/bin/sh\ntouch /run/slow\nsleep 5\n")]);
    repository.index();
    let machine = Debian::start("a", &repository);
    let own = machines(std::slice::from_ref(&machine));
    let folder = Folder::with(&one(&own, &[("slow", ""), ("part9", "")]));
    let mut cplan = folder.start(&["apply", "-auto-approve"]);
    let begun = Instant::now();
    while machine.run("test -e /run/slow").status != Some(0) {
        assert!(begun.elapsed() < Duration::from_secs(60), "apt does not begin");
        std::thread::sleep(Duration::from_millis(100));
    }
    cplan.kill().unwrap();
    cplan.wait().unwrap();
    let again = folder.cplan(&["apply", "-auto-approve"]).expect(0).text();
    assert!(again.contains("No changes"), "{again}");
    assert_eq!(machine.transactions(), 1);
    assert_eq!(folder.cplan(&["state", "list"]).stdout.lines().count(), 2);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("! dpkg-query -W slow part9 2>/dev/null | grep . && test ! -e /var/lib/cplan").expect(0);
}

/// Each would push the other out, at every second apply.
#[test]
fn two_packages_that_exclude_each_other_are_told() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    for name in ["mta-a", "mta-b"] {
        repository.add(name, "1", "Provides: mta\nConflicts: mta\n", &[]);
    }
    repository.index();
    let machine = Debian::start("a", &repository);
    let folder = Folder::new();
    let write = |blocks: &[(&str, &str)]| {
        let block = |(label, name): &(&str, &str)| {
            format!(
                "resource \"lab_package\" \"{label}\" {{\n  machine = local.machines.a\n  name = \"{name}\"\n  \
                 lifecycle {{\n    create_before_destroy = true\n  }}\n}}\n"
            )
        };
        let blocks: String = blocks.iter().map(block).collect();
        folder.write("main.hcl", &(machines(std::slice::from_ref(&machine)) + &blocks));
    };
    let installed = || machine.run("dpkg-query -W -f '${db:Status-Abbrev}${Package} ' 'mta-*' | tr -s ' '").stdout;
    write(&[("a", "mta-a")]);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    write(&[("a", "mta-a"), ("b", "mta-b")]);
    let said = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(said.contains("mta-a would have to give way, which another lab_package keeps"), "{said}");
    assert_eq!(installed(), "ii mta-a ");
    // One may take the place of the other.
    write(&[("a", "mta-b")]);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(installed(), "ii mta-b ");
    write(&[("b", "mta-a")]);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    assert_eq!(installed(), "ii mta-a ");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("test -z \"$(dpkg-query -W 'mta-*' 2>/dev/null)\" && test ! -e /var/lib/cplan").expect(0);
}
