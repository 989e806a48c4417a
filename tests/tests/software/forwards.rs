//! `lab_forward`.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines};

/// The ssh processes that forward for a folder, by what they were started with.
fn forwards(folder: &Folder) -> Vec<i32> {
    let mark = folder.path().join(".cplan/forwards").display().to_string();
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let line = fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
        line.starts_with(b"ssh\0") && String::from_utf8_lossy(&line).contains(&mark)
    })
    .collect()
}

/// What the service behind a port of this host says first.
fn banner(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut said = [0; 7];
    stream.read_exact(&mut said).unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

fn kill(pid: i32) {
    Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    let begun = Instant::now();
    while fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_forward_outlives_cplan_and_is_closed_by_destroy() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    let machine = Debian::start("a", &repository);
    let own = machines(std::slice::from_ref(&machine));
    // The machine's sshd is the service.
    let topology = |more: &str| {
        format!(
            "{own}resource \"lab_forward\" \"f\" {{\n  machine     = local.machines.a\n  remote_port = {}\n{more}}}\n\
             output \"port\" {{\n  value = lab_forward.f.local_port\n}}\n",
            machine.access.port
        )
    };
    let folder = Folder::with(&topology(""));
    let cplan = |arguments: &[&str]| folder.cplan(arguments);
    let port = || -> u16 { cplan(&["output", "-raw", "port"]).expect(0).stdout.trim().parse().unwrap() };
    cplan(&["apply", "-auto-approve"]).expect(0);
    let first = port();
    assert_eq!((banner(first).as_str(), forwards(&folder).len()), ("SSH-2.0", 1));
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    // Found dead, it is drift, and healed on the same port.
    let dead = forwards(&folder)[0];
    kill(dead);
    let drift = cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("lab_forward.f") && drift.contains("true -> false"), "{drift}");
    cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!((banner(first).as_str(), port()), ("SSH-2.0", first));
    assert_eq!(forwards(&folder).len(), 1);
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    // Another port is another process.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().port();
    folder.write("main.hcl", &topology(&format!("  local_port = {taken}\n")));
    let refused = cplan(&["plan"]).expect(1).text();
    let told = format!("lab_forward.f wants the local port {taken}, where another program listens already");
    assert!(refused.contains(&told) && refused.contains("main.hcl:"), "{refused}");
    assert_eq!((banner(first).as_str(), forwards(&folder).len()), ("SSH-2.0", 1));
    drop(other);
    cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!((banner(taken).as_str(), forwards(&folder).len()), ("SSH-2.0", 1));

    cplan(&["destroy", "-auto-approve"]).expect(0);
    assert!(forwards(&folder).is_empty() && TcpStream::connect(("127.0.0.1", taken)).is_err());
    assert!(!folder.path().join(".cplan/forwards").exists());
}

/// A machine that is dead does not keep a forward from being closed; and one that refuses leaves nothing.
/// However many are changed at once: a port is free once whoever has it is done with it.
#[test]
fn ports_change_hands() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let own = machines(std::slice::from_ref(&machine));
    // All at once, so that they differ; those that nobody has now.
    let free: Vec<TcpListener> = (0..12).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let ports: Vec<u16> = free.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    drop(free);
    let topology = |name: &str, shift: usize| {
        format!(
            "{own}resource \"lab_forward\" \"{name}\" {{\n  count       = 12\n  machine     = local.machines.a\n  remote_port = {}\n  \
             local_port  = element({ports:?}, count.index + {shift})\n}}\n",
            machine.access.port,
        )
    };
    let folder = Folder::with(&topology("f", 0));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    for (name, shift) in [("f", 1), ("g", 1), ("g", 11)] {
        folder.write("main.hcl", &topology(name, shift));
        folder.cplan(&["apply", "-auto-approve", "-parallelism=1"]).expect(0);
        folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
        assert_eq!(forwards(&folder).len(), 12);
    }
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(forwards(&folder), [0; 0]);
}

/// A port that cplan chose is chosen anew when somebody else has taken it; one that the user chose is the user's to say.
#[test]
fn a_port_that_was_lost_to_another_program_is_chosen_anew() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let own = machines(std::slice::from_ref(&machine));
    let folder = Folder::with(&format!(
        "{own}resource \"lab_forward\" \"f\" {{\n  machine     = local.machines.a\n  remote_port = {}\n}}\n\
         output \"port\" {{\n  value = lab_forward.f.local_port\n}}\n",
        machine.access.port
    ));
    let port = || folder.cplan(&["output", "-raw", "port"]).expect(0).stdout.trim().parse::<u16>().unwrap();
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    let lost = port();
    forwards(&folder).into_iter().for_each(kill);
    let _theirs = TcpListener::bind(("127.0.0.1", lost)).unwrap();
    let plan = folder.cplan(&["plan"]).expect(0).text();
    assert!(plan.contains(&format!("{lost} -> (known after apply)")), "{plan}");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert_ne!(port(), lost);
    assert_eq!(banner(port()), "SSH-2.0");
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
}

#[test]
fn a_forward_to_a_dead_machine_goes_all_the_same() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    let machine = Debian::start("a", &repository);
    let own = machines(std::slice::from_ref(&machine));
    let topology =
        format!("{own}resource \"lab_forward\" \"f\" {{\n  machine     = local.machines.a\n  remote_port = 1\n}}\n");
    let folder = Folder::with(&topology);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    drop(machine);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert!(forwards(&folder).is_empty());
    let refused = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(refused.contains("machine `a` cannot be reached"), "{refused}");
    assert!(!folder.path().join(".cplan/forwards").exists() && folder.cplan(&["state", "list"]).stdout.is_empty());
}

/// One that somebody started is taken over, and ended by destroy; another process of that pid never is.
#[test]
fn a_forward_that_was_there_is_imported() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    let machine = Debian::start("a", &repository);
    let own = machines(std::slice::from_ref(&machine));
    let sshd = machine.access.port;
    let local = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut theirs = Command::new("ssh")
        .args(["-N", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-i"])
        .arg(&machine.access.key_file)
        .args(["-L", &format!("{local}:127.0.0.1:{sshd}"), "-p", &sshd.to_string(), "root@127.0.0.1"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", local)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(50));
    }
    let topology = format!(
        "{own}resource \"lab_forward\" \"f\" {{\n  machine     = local.machines.a\n  remote_port = {sshd}\n  local_port  = {local}\n}}\n"
    );
    let folder = Folder::with(&topology);
    folder.cplan(&["import", "lab_forward.f", &local.to_string()]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    assert_eq!(banner(local), "SSH-2.0");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    theirs.wait().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", local)).is_err());
    let nothing = folder.cplan(&["import", "lab_forward.f", "1"]).expect(1).text();
    assert!(nothing.contains("import-absent") || nothing.contains("There is no object"), "{nothing}");
}
