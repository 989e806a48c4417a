//! Machines that were there before: software and links come and go, and the machine stays as it was.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cplan_tests::capability::{require, root, ssh};
use cplan_tests::folder::Folder;

use super::capable;

/// An sshd in a network namespace of its own; its /root and /var/lib are empty, and its changes to /etc lie apart.
struct Island {
    dir: tempfile::TempDir,
    name: String,
    address: String,
    child: Child,
}

impl Island {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("cplan-island-").tempdir_in("/var/tmp").unwrap();
        let tag = std::process::id() % 10_000;
        let name = format!("cplan-isl-{tag}");
        let (ours, theirs, address) = (format!("cpi{tag}a"), format!("cpi{tag}b"), "10.87.0.2".to_owned());
        for key in ["host", "client"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.path().join(key)));
        }
        ip(&["netns", "add", &name]);
        ip(&["link", "add", &ours, "type", "veth", "peer", "name", &theirs, "netns", &name]);
        ip(&["addr", "add", "10.87.0.1/24", "dev", &ours]);
        ip(&["link", "set", &ours, "up"]);
        for arguments in [["addr", "add", "10.87.0.2/24", "dev", &theirs].as_slice(), &["link", "set", &theirs, "up"]] {
            ip(&[&["-n", &name], arguments].concat());
        }
        let at = dir.path().display();
        fs::create_dir_all("/run/sshd").unwrap();
        let config = format!(
            "ListenAddress {address}\nHostKey {at}/host\nPidFile none\nAuthorizedKeysFile {at}/client.pub\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n"
        );
        fs::write(dir.path().join("config"), config).unwrap();
        let script = format!(
            "set -e; mount --make-rprivate /; cd {at}/layers; mkdir -p up/etc up/root up/var-lib work; \
             mount -t overlay o -o lowerdir=/etc,upperdir=up/etc,workdir=work /etc; mount --bind up/root /root; \
             mount --bind up/var-lib /var/lib; cd /; exec /usr/sbin/sshd -D -e -f {at}/config"
        );
        // Not every file system can be the upper layer of an overlay.
        let layers = dir.path().join("layers");
        fs::create_dir_all(&layers).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "layers"]).arg(&layers));
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name, "unshare", "-m", "sh", "-c", &script]).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let island = Island { dir, name, address, child };
        let begun = Instant::now();
        while std::net::TcpStream::connect((island.address.as_str(), 22)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "sshd does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        island
    }

    /// All that differs from how the machine was.
    fn changes(&self) -> Vec<String> {
        let mut command = Command::new("find");
        command.arg(self.dir.path().join("layers/up")).args(["-mindepth", "2", "-printf", "%P %y %s\n"]);
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        said.lines().map(str::to_owned).collect()
    }

    fn host_key(&self) -> String {
        fs::read_to_string(self.dir.path().join("host.pub")).unwrap().trim().to_owned()
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = Command::new("umount").arg("-l").arg(self.dir.path().join("layers")).status();
        // The connections that it forked end with their namespace's last link.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) {
    run(Command::new("ip").args(arguments));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn software_comes_to_a_machine_that_was_there_before_and_goes_again() {
    if !(require("ssh", ssh) && require("root", root)) {
        return;
    }
    let island = Island::new();
    let topology = format!(
        r#"
resource "lab_machine" "pi" {{
  name = "pi"
  tier = "edge"
  existing = {{
    address  = "{}"
    host_key = "{}"
    key_file = "{}/client"
  }}
}}

resource "lab_file" "note" {{
  machine = lab_machine.pi.access
  path    = "/etc/cplan-note"
  content = "a managed line\n"
}}

resource "lab_command" "made" {{
  machine = lab_machine.pi.access
  check   = "test -e /root/made"
  apply   = "touch /root/made"
  remove  = "rm /root/made"
}}
"#,
        island.address,
        island.host_key(),
        island.dir.path().display()
    );
    let before = island.changes();
    let folder = Folder::with(&topology);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    let there = island.changes().join("\n");
    assert!(there.contains("etc/cplan-note f 15") && there.contains("root/made f 0"), "{there}");
    assert_eq!(folder.cplan(&["ssh", "pi", "cat /etc/cplan-note"]).expect(0).stdout, "a managed line\n");

    // Somebody else's machine, of another key, under the same address is not worked on.
    folder.write("main.hcl", &topology.replace(&island.host_key(), OTHER_KEY));
    let plan = folder.cplan(&["plan"]).expect(0).text();
    assert!(plan.contains("lab_machine.pi must be replaced") && plan.contains("`existing` cannot change"), "{plan}");
    folder.write("main.hcl", &topology);

    fs::write(island.dir.path().join("layers/up/etc/cplan-note"), "edited\n").unwrap();
    let drift = folder.cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("lab_file.note"), "{drift}");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);

    let destroyed = folder.cplan(&["destroy", "-auto-approve"]).expect(0).text();
    assert_eq!(folder.cplan(&["state", "list"]).expect(0).stdout.trim(), "");
    let left: Vec<String> = island.changes().into_iter().filter(|line| !before.contains(line)).collect();
    assert_eq!(left, [] as [String; 0], "destroy left something behind:\n{destroyed}");
    assert!(
        std::net::TcpStream::connect((island.address.as_str(), 22)).is_ok(),
        "the machine does not answer any more"
    );
}

const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKzJ2s1Zc6vXvYt9vG1y5cX5mC7h8fQe3Z0r2mJq1abc";

/// A machine of one lab, which another one only borrows.
#[test]
fn links_of_a_borrowed_guest_come_and_go_and_it_runs_on() {
    if !capable() {
        return;
    }
    let owner = Folder::with(OWNER);
    owner.cplan(&["apply", "-auto-approve"]).expect(0);
    let output = |name: &str| owner.cplan(&["output", "-raw", name]).expect(0).stdout.trim().to_owned();
    let on = |script: &str| owner.cplan(&["ssh", "guest", script]).expect(0).stdout.trim().to_owned();
    let look = "cat /proc/sys/kernel/random/boot_id; tc qdisc show; find /etc /root /var/lib -type f | sort";
    let before = on(look);
    let borrower = Folder::with(&format!(
        r#"
resource "lab_machine" "guest" {{
  name     = "borrowed"
  existing = {{ address = "10.88.0.11", host_key = "{}", key_file = "{}" }}
}}

resource "lab_shaper" "guest" {{
  machine = lab_machine.guest.access
  address = "10.88.1.11"
  rules   = {{ other = {{ address = "10.88.1.12", delay = "20ms", jitter = null, loss = null, rate = null, link = "a" }} }}
}}

resource "lab_file" "note" {{
  machine = lab_machine.guest.access
  path    = "/etc/borrowed"
  content = "x"
}}
"#,
        output("host_key"),
        output("key_file"),
    ));
    borrower.cplan(&["apply", "-auto-approve"]).expect(0);
    borrower.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    let meanwhile = on(look);
    borrower.cplan(&["destroy", "-auto-approve"]).expect(0);
    let after = on(look);
    owner.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    owner.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert!(meanwhile.contains("netem") && meanwhile.contains("/etc/borrowed"), "{meanwhile}");
    assert_eq!(after, before);
}

const OWNER: &str = r#"
resource "lab_network" "management" {
  mode = "nat"
  cidr = "10.88.0.0/24"
}

resource "lab_network" "lab" {
  cidr = "10.88.1.0/24"
}

resource "lab_image" "micro" {
  packages = []
}

resource "lab_machine" "guest" {
  name   = "guest"
  cpus   = 1
  memory = "160MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.management.attachment
    address = "10.88.0.11"
  }

  interface {
    network = lab_network.lab.attachment
    address = "10.88.1.11"
  }
}

output "host_key" {
  value = lab_machine.guest.access.host_key
}

output "key_file" {
  value = lab_machine.guest.access.key_file
}
"#;
