//! Two users of one host, neither of them root, with one topology at one time.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cplan_tests::binaries;
use cplan_tests::capability::{require, root, users};
use cplan_tests::folder::{Finished, finish};

use super::{capable, virsh};

/// One of the users that the testbed has.
struct User {
    name: &'static str,
    id: u32,
    home: tempfile::TempDir,
}

impl User {
    fn new(name: &'static str, id: u32) -> Self {
        let home = tempfile::Builder::new().prefix("cplan-user-").tempdir_in("/var/tmp").unwrap();
        let file = home.path().join("main.hcl");
        fs::write(&file, TOPOLOGY).unwrap();
        for path in [home.path(), &file] {
            chown(path, Some(id), Some(id)).unwrap();
        }
        // As home folders are: QEMU's user cannot get through.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        User { name, id, home }
    }

    /// Runs cplan as the user.
    fn cplan(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new("setpriv");
        let id = self.id;
        command.args([format!("--reuid={id}"), format!("--regid={id}"), "--init-groups".to_owned()]);
        command.arg(binaries::cplan()).args(arguments).current_dir(self.home.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("NO_COLOR", "1").env("USER", self.name);
        command.env("HOME", self.home.path()).env("LIBVIRT_DEFAULT_URI", "qemu:///system");
        finish(command)
    }

    fn output(&self, name: &str) -> String {
        self.cplan(&["output", "-raw", name]).expect(0).stdout.trim().to_owned()
    }

    fn cache(&self) -> PathBuf {
        format!("/var/tmp/cplan-{}", self.id).into()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.cplan(&["destroy", "-auto-approve"]);
        let _ = fs::remove_dir_all(self.cache());
    }
}

const TOPOLOGY: &str = r#"
resource "lab_network" "management" {
  mode = "nat"
}

resource "lab_image" "micro" {
  packages = []
}

resource "lab_machine" "edge" {
  name   = "edge"
  cpus   = 1
  memory = "160MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.management.attachment
    address = cidrhost(lab_network.management.cidr, 11)
  }
}

resource "lab_file" "note" {
  machine = lab_machine.edge.access
  path    = "/etc/note"
  content = lab_network.management.cidr
}

output "domain" {
  value = lab_machine.edge.domain
}

output "address" {
  value = lab_machine.edge.access.address
}
"#;

#[test]
fn two_users_have_one_topology_at_one_time_and_neither_sees_the_other() {
    if !(capable() && require("root", root) && require("users", users)) {
        return;
    }
    let users = [User::new("cplan-one", 64_101), User::new("cplan-two", 64_102)];
    let both = |arguments: &[&str], status: i32| {
        std::thread::scope(|scope| {
            let runs: Vec<_> = users.iter().map(|user| scope.spawn(move || user.cplan(arguments))).collect();
            runs.into_iter().map(|run| run.join().unwrap().expect(status)).collect::<Vec<_>>()
        })
    };
    both(&["apply", "-auto-approve"], 0);
    both(&["plan", "-detailed-exitcode"], 0);
    let [one, two] = users.each_ref().map(|user| (user.output("domain"), user.output("address")));
    assert!(one.0 != two.0 && one.1 != two.1, "{one:?} {two:?}");
    let domains = virsh(&["list", "--name"]).stdout;
    assert!(domains.contains(&one.0) && domains.contains(&two.0), "{domains}");
    // Its owner can read what it says, though QEMU and virtlogd are others.
    let console = users[0].cache().join("machines");
    let console = fs::read_dir(console).unwrap().next().unwrap().unwrap().path().join("console.log");
    assert!(fs::metadata(&console).unwrap().permissions().mode() & 0o044 != 0, "its user cannot read the console");

    // Nobody but QEMU can read the disk of a running machine, and the image that it stands on is kept for it all the same.
    let held = users[0].cplan(&["cache", "list"]).expect(0).stdout;
    assert!(held.contains("; machine "), "{held}");

    // What has to be done by root is said, and nothing else is missed.
    let doctor = users[0].cplan(&["doctor"]).text();
    assert!(doctor.contains("an ordinary user in the groups libvirt and kvm; what needs root:"), "{doctor}");
    assert!(doctor.contains("virtlogd-sock is there, and only root may ask it"), "{doctor}");

    both(&["destroy", "-auto-approve"], 0);
    let domains = virsh(&["list", "--all", "--name"]).stdout;
    let networks = virsh(&["net-list", "--all", "--name"]).stdout;
    for (domain, _) in [&one, &two] {
        let lab = domain.trim_end_matches("edge");
        assert!(!domains.contains(lab) && !networks.contains(lab), "{lab} is left in\n{domains}{networks}");
    }
    for user in &users {
        let machines = fs::read_dir(user.cache().join("machines")).unwrap();
        assert_eq!(machines.count(), 0);
    }
}
