//! One lab from its first plan to its last trace. The parts share the three machines, because they take long to boot.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use cplan_tests::folder::{Finished, Folder};
use cplan_tests::repository::read;

use super::{capable, virsh};

const SECRET: &str = "hunter2-of-the-lab";
const MACHINES: [&str; 3] = ["cloud0", "edge0", "endpoint0"];

struct Lab {
    folder: Folder,
}

impl Lab {
    fn new() -> Self {
        let mut folder = Folder::with(&read("tests/tests/host/lab.hcl"));
        folder.set("TF_VAR_secret", SECRET);
        Lab { folder }
    }

    fn cplan(&self, arguments: &[&str]) -> Finished {
        let finished = self.folder.cplan(arguments);
        let revealing = arguments.contains(&"-raw") || arguments.contains(&"-json");
        assert!(
            revealing || !finished.text().contains(SECRET),
            "a secret is shown by {arguments:?}:\n{}",
            finished.text()
        );
        finished
    }

    fn on(&self, machine: &str, script: &str) -> String {
        self.cplan(&["ssh", machine, script]).expect(0).stdout.trim().to_owned()
    }

    fn boot_ids(&self) -> BTreeMap<&'static str, String> {
        MACHINES.into_iter().map(|m| (m, self.on(m, "cat /proc/sys/kernel/random/boot_id"))).collect()
    }

    fn domain(&self, machine: &str) -> String {
        let output = self.cplan(&["output", "-json"]).expect(0);
        let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        json["domains"]["value"][machine].as_str().unwrap().to_owned()
    }

    /// The device of a machine's lab address.
    fn device(&self, machine: &str) -> String {
        self.on(machine, "ip -o -4 addr show | grep -F ' 10.84.0.' | awk '{ print $2 }'")
    }

    fn is_shaped(&self, machine: &str) -> bool {
        self.on(machine, &format!("tc qdisc show dev {}", self.device(machine))).contains("netem")
    }

    /// The least round-trip time between two machines in milliseconds: other work on the host only adds to it.
    fn rtt(&self, from: &str, to: &str) -> f64 {
        let said = self.on(from, &format!("ping -c 8 -q {to}"));
        let least = said.rsplit(" = ").next().and_then(|v| v.split('/').next()).and_then(|v| v.trim().parse().ok());
        least.unwrap_or_else(|| panic!("no least time in:\n{said}"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // After a failure the lab is still there; what it says is of no interest any more.
        self.folder.cplan(&["destroy", "-auto-approve"]);
    }
}

#[test]
fn a_lab_from_its_first_plan_to_its_last_trace() {
    if !capable() {
        return;
    }
    let lab = Lab::new();
    lab.cplan(&["plan", "-detailed-exitcode"]).expect(2);
    lab.cplan(&["apply", "-auto-approve"]).expect(0);
    applied_twice_is_applied_once(&lab);
    a_console_needs_no_network(&lab);
    links_are_as_slow_as_asked(&lab);
    many_things_are_done_at_once_on_one_machine(&lab);
    secrets_stay_where_they_belong(&lab);
    a_delay_changes_in_place(&lab);
    more_memory_restarts_one_machine(&lab);
    drift_is_named_and_healed(&lab);
    a_stranger_with_our_address_is_refused(&lab);
    nothing_of_ours_is_left_and_nothing_else_is_gone(&lab);
}

fn applied_twice_is_applied_once(lab: &Lab) {
    lab.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    let again = lab.cplan(&["apply", "-auto-approve", "-v"]).expect(0).text();
    assert!(again.contains("No changes"), "{again}");
    let sessions = again.lines().find_map(|l| l.strip_prefix("ssh sessions opened: ")?.trim().parse::<usize>().ok());
    assert!(sessions.is_some_and(|n| n <= MACHINES.len()), "more than one ssh session per machine:\n{again}");
    assert!(MACHINES.iter().all(|m| lab.is_shaped(m)));
    assert_eq!(lab.on("edge0", "cat /etc/cplan-note"), "a managed line");
}

fn links_are_as_slow_as_asked(lab: &Lab) {
    let (edge, endpoint) = (lab.rtt("cloud0", "10.84.0.12"), lab.rtt("cloud0", "10.84.0.13"));
    assert!((14.0..30.0).contains(&edge), "cloud-edge: {edge} ms instead of 15 and a little");
    assert!((39.0..58.0).contains(&endpoint), "cloud-endpoint: {endpoint} ms instead of 40 and a little");
}

/// Commands that begin while others end: dropbear, which serves a micro machine, drops the connection over that.
fn many_things_are_done_at_once_on_one_machine(lab: &Lab) {
    lab.folder.write(
        "many.hcl",
        r#"
        resource "lab_command" "many" {
          count   = 20
          machine = lab_machine.m["edge0"].access
          check   = "test -e /run/many-${count.index}"
          apply   = "touch /run/many-${count.index}"
          remove  = "rm /run/many-${count.index}"
        }"#,
    );
    for _ in 0..2 {
        lab.cplan(&["apply", "-auto-approve"]).expect(0);
        lab.cplan(&["destroy", "-auto-approve", "-target", "lab_command.many"]).expect(0);
    }
    lab.folder.write("many.hcl", "");
}

/// libvirt's client wants a terminal, which script(1) gives it.
fn a_console_needs_no_network(lab: &Lab) {
    let console = lab.folder.command(&["machine", "console", "edge0"]);
    let line = format!("{} machine console edge0", console.get_program().to_string_lossy());
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(lab.folder.path());
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = said.clone();
    let listener = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = output.read(&mut bytes) {
            heard.lock().unwrap().extend_from_slice(&bytes[..n]);
        }
    });
    let said = || String::from_utf8_lossy(&said.lock().unwrap()).into_owned();
    // Typed again until it is answered: what comes before the console is connected is lost.
    for _ in 0..60 {
        sleep(Duration::from_secs(2));
        if said().contains("console-42") {
            break;
        }
        input.write_all(b"\recho console-$((6 * 7))\r").unwrap();
    }
    // This leaves it.
    input.write_all(b"\x1d").unwrap();
    let status = child.wait().unwrap();
    listener.join().unwrap();
    assert!(status.success() && said().contains("console-42"), "{}", said());
}

fn secrets_stay_where_they_belong(lab: &Lab) {
    assert_eq!(lab.on("edge0", "wc -c </etc/cplan-secret"), SECRET.len().to_string());
    let raw = lab.cplan(&["output", "-raw", "secret"]).expect(0);
    assert_eq!(raw.stdout.trim_end(), SECRET);
    assert!(lab.folder.cplan(&["output", "-json"]).expect(0).stdout.contains(SECRET));
    lab.cplan(&["show"]).expect(0);
    lab.cplan(&["output"]).expect(0);
    lab.cplan(&["state", "show", "lab_file.secret"]).expect(0);
    assert!(!lab.folder.cplan(&["show", "-json"]).expect(0).stdout.contains(SECRET));
    assert!(lab.folder.cplan(&["show", "-json", "-reveal"]).expect(0).stdout.contains(SECRET));
    let logs = lab.folder.path().join(".cplan/logs");
    let telling: Vec<PathBuf> = files(&logs).into_iter().filter(|f| holds(f, SECRET)).collect();
    assert_eq!(telling, Vec::<PathBuf>::new());
}

fn a_delay_changes_in_place(lab: &Lab) {
    let before = lab.boot_ids();
    let plan = lab.cplan(&["plan", "-var", "delay=45ms"]).expect(0).text();
    assert!(plan.contains("7.5ms") && plan.contains("45ms"), "{plan}");
    assert!(plan.contains("0 to add, 2 to change, 0 to destroy"), "{plan}");
    lab.cplan(&["apply", "-auto-approve", "-var", "delay=45ms"]).expect(0);
    let rtt = lab.rtt("cloud0", "10.84.0.12");
    assert!((88.0..110.0).contains(&rtt), "cloud-edge: {rtt} ms instead of 90 and a little");
    assert_eq!(lab.boot_ids(), before);
    lab.cplan(&["apply", "-auto-approve"]).expect(0);
}

fn more_memory_restarts_one_machine(lab: &Lab) {
    let before = lab.boot_ids();
    let plan = lab.cplan(&["plan", "-var", "memory=192MiB"]).expect(0).text();
    assert!(plan.contains("restarts the machine, because of maximum_memory, memory"), "{plan}");
    assert!(plan.contains("160MiB") && plan.contains("192MiB"), "{plan}");
    lab.cplan(&["apply", "-auto-approve", "-var", "memory=192MiB"]).expect(0);
    let after = lab.boot_ids();
    let restarted: Vec<&str> = MACHINES.into_iter().filter(|m| before[m] != after[m]).collect();
    assert_eq!(restarted, ["edge0"]);
    assert!(lab.is_shaped("edge0"), "the restart took the shaping with it");
    assert_eq!(lab.on("edge0", "cat /etc/cplan-note"), "a managed line");
    lab.cplan(&["plan", "-detailed-exitcode", "-var", "memory=192MiB"]).expect(0);
}

fn drift_is_named_and_healed(lab: &Lab) {
    let same = ["-var", "memory=192MiB"];
    let (cloud, device) = (lab.domain("cloud0"), lab.device("endpoint0"));
    assert_eq!(virsh(&["destroy", &cloud]).status, Some(0));
    lab.on("endpoint0", &format!("tc qdisc del dev {device} root"));
    lab.on("edge0", "echo 'an edited line' >/etc/cplan-note");
    let drift = lab.cplan(&["drift", same[0], same[1]]).expect(2).text();
    for part in [
        "lab_machine.m[\"cloud0\"]",
        "running",
        "true -> false",
        "lab_shaper.m[\"endpoint0\"]",
        "lab_file.note",
        "a managed line",
        "an edited line",
    ] {
        assert!(drift.contains(part), "`{part}` is missing in:\n{drift}");
    }
    assert_eq!(virsh(&["domstate", &cloud]).stdout.trim(), "shut off", "drift changed something");
    lab.cplan(&["apply", "-auto-approve", same[0], same[1]]).expect(0);
    assert_eq!(virsh(&["domstate", &cloud]).stdout.trim(), "running");
    assert!(MACHINES.iter().all(|m| lab.is_shaped(m)), "healing left a machine unshaped");
    assert_eq!(lab.on("edge0", "cat /etc/cplan-note"), "a managed line");
    lab.cplan(&["drift", same[0], same[1]]).expect(0);
}

/// Another machine takes the address of one that is off, and would let us in: its host key is not the pinned one.
fn a_stranger_with_our_address_is_refused(lab: &Lab) {
    assert_eq!(virsh(&["destroy", &lab.domain("cloud0")]).status, Some(0));
    let device = lab.on("edge0", "ip -o -4 addr show | grep -F ' 10.83.0.' | awk '{ print $2 }'");
    lab.on("edge0", &format!("ip addr add 10.83.0.11/24 dev {device}"));
    Command::new("ip").args(["neigh", "flush", "to", "10.83.0.11"]).status().unwrap();
    let refused = lab.cplan(&["ssh", "cloud0", "cat /etc/hostname"]);
    assert_ne!(refused.status, Some(0), "{}", refused.text());
    assert!(refused.text().to_lowercase().contains("host key"), "{}", refused.text());
    assert_eq!(refused.stdout, "", "a stranger was let in");
}

/// With one machine dead, and its address taken.
fn nothing_of_ours_is_left_and_nothing_else_is_gone(lab: &Lab) {
    let cloud = lab.domain("cloud0");
    let stranger = format!("{cloud}-old");
    let folder = lab.folder.path();
    let domain = format!(
        "<domain type='qemu'><name>{stranger}</name><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"
    );
    let network = format!("<network><name>{stranger}</name></network>");
    fs::write(folder.join("domain.xml"), domain).unwrap();
    fs::write(folder.join("network.xml"), network).unwrap();
    assert_eq!(virsh(&["define", folder.join("domain.xml").to_str().unwrap()]).status, Some(0));
    assert_eq!(virsh(&["net-define", folder.join("network.xml").to_str().unwrap()]).status, Some(0));
    let file = Path::new("/var/lib/cplan/machines").join(&stranger);
    fs::write(&file, "not ours").unwrap();

    let ours: Vec<String> = MACHINES.iter().map(|m| lab.domain(m)).collect();
    let destroyed = lab.cplan(&["destroy", "-auto-approve"]);

    let domains = virsh(&["list", "--all", "--name"]).stdout;
    let networks = virsh(&["net-list", "--all", "--name"]).stdout;
    let kept = file.exists();
    virsh(&["undefine", &stranger]);
    virsh(&["net-undefine", &stranger]);
    fs::remove_file(&file).unwrap();
    let destroyed = destroyed.expect(0);
    assert!(domains.lines().any(|d| d == stranger), "a stranger's domain is gone");
    assert!(networks.lines().any(|n| n == stranger), "a stranger's network is gone");
    assert!(kept, "a stranger's file is gone");
    for domain in ours {
        assert!(!domains.lines().any(|d| d == domain), "{domain} is left:\n{}", destroyed.text());
    }
    assert_eq!(lab.cplan(&["state", "list"]).expect(0).stdout.trim(), "");
    let sockets: Vec<PathBuf> = files(folder).into_iter().filter(|f| is_socket(f)).collect();
    assert_eq!(sockets, Vec::<PathBuf>::new());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
            if is_folder { open.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    found
}

fn holds(file: &Path, text: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| bytes.windows(text.len()).any(|w| w == text.as_bytes()))
}

fn is_socket(file: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    fs::symlink_metadata(file).is_ok_and(|m| m.file_type().is_socket())
}
