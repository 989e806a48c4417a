//! Applies that are broken off while something is under way on a machine.

use std::process::Command;
use std::time::{Duration, Instant};

use cplan_tests::folder::{Folder, finish};

use super::{Debian, Repository, capable, machines};

const TOPOLOGY: &str = r#"
resource "lab_command" "slow" {
  machine = local.machines.a
  apply   = "echo begun >>/srv/runs; while [ ! -e /srv/go ]; do sleep 0.2; done; echo ended >>/srv/runs"
  remove  = "rm /srv/runs"
}

resource "lab_package" "p" {
  machine = local.machines.a
  name    = "slow"
}
"#;

/// What goes on there is known by the next command: nothing is made twice, and nothing stays that nobody knows of.
#[test]
fn what_was_under_way_is_settled() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    let script = "#!/bin/sh\ntouch /srv/installs\nwhile [ ! -e /srv/go ]; do sleep 0.2; done\n";
    repository.add("slow", "1", "", &[("/DEBIAN/postinst", script)]);
    repository.index();
    let machine = Debian::start("a", &repository);
    let masters = "for pid in $(pidof sshd); do [ $pid = $(systemctl show -P MainPID ssh) ] || kill -9 $pid; done";
    for how in ["-INT", "-KILL", "connection"] {
        let folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
        let mut child = folder.start(&["apply", "-auto-approve"]);
        let begun = Instant::now();
        while machine.run("test -e /srv/runs && test -e /srv/installs").status != Some(0) {
            assert!(begun.elapsed() < Duration::from_secs(120), "nothing was begun");
            std::thread::sleep(Duration::from_millis(100));
        }
        if how == "connection" {
            machine.run(masters);
        } else {
            let mut kill = Command::new("kill");
            kill.args([how, &child.id().to_string()]);
            finish(kill).expect(0);
        }
        assert!(!child.wait().unwrap().success());
        machine.run("touch /srv/go").expect(0);
        folder.cplan(&["apply", "-auto-approve"]).expect(0);
        assert_eq!(machine.run("cat /srv/runs").stdout, "begun\nended\n", "{how}");
        folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
        folder.cplan(&["destroy", "-auto-approve"]).expect(0);
        let left = machine.run("rm /srv/go /srv/installs; ls /srv; ls -d /var/lib/cplan; dpkg-query -W slow");
        assert_eq!(left.stdout, "", "{how}");
    }
}
