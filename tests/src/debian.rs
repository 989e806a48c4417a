//! Debian machines without a kernel of their own: a file system made by mmdebstrap, with systemd and sshd in it, in
//! namespaces that end with it. Packages install there, from a repository of the test's own.

mod lan;
mod repository;
mod start;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cplan_sdk::Access;
use tempfile::TempDir;

use crate::folder::{Finished, finish};
pub use lan::Lan;
pub use repository::Repository;
use start::{ENTER, START, base};

/// Where a machine is reached.
enum Place {
    /// At a free port of this host, whose network it shares.
    Host,
    /// At an address of a network namespace.
    Lan { namespace: String, address: String },
}

/// Whether such machines can be made here.
pub fn possible() -> Result<(), String> {
    for (program, package) in [
        ("/usr/bin/mmdebstrap", "mmdebstrap"),
        ("/usr/bin/dpkg-scanpackages", "dpkg-dev"),
        ("/usr/bin/ssh", "openssh-client"),
        ("/usr/bin/unshare", "util-linux"),
    ] {
        if !Path::new(program).exists() {
            return Err(format!("{program} is missing: apt-get install {package}"));
        }
    }
    let user = Command::new("id").arg("-u").output().map_err(|e| e.to_string())?;
    if user.stdout.trim_ascii() == b"0" { Ok(()) } else { Err("only root can make namespaces".to_owned()) }
}

/// Whether this host gets packages from Debian 12, as [`Debian::online`] needs it.
pub fn online() -> Result<(), String> {
    possible()?;
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.contains("VERSION_CODENAME=bookworm") {
        return Err("this host is no Debian 12, whose package sources are wanted".to_owned());
    }
    let mut command = Command::new("apt-cache");
    command.args(["policy", "mosquitto"]);
    let known = finish(command).stdout.contains("Candidate: 2");
    if known { Ok(()) } else { Err("apt-cache knows no mosquitto: apt-get update".to_owned()) }
}

/// A running machine; all of it ends on drop.
#[derive(Debug)]
pub struct Debian {
    /// How to reach it.
    pub access: Access,
    dir: TempDir,
    child: Child,
    group: String,
}

impl Debian {
    /// Starts one with the packages of a repository.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(name: &str, repository: &Repository) -> Self {
        Self::begin(name, repository, "repository", &Place::Host)
    }

    /// Starts one whose packages are Debian's, as this host gets them.
    ///
    /// # Panics
    /// When it does not start.
    pub fn online(name: &str) -> Self {
        Self::begin(name, &Repository::new(), "debian", &Place::Host)
    }

    fn begin(name: &str, repository: &Repository, packages: &str, place: &Place) -> Self {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = dir.path();
        for key in ["host", "client"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path.join(key));
            finish(command).expect(0);
        }
        let (namespace, address, port) = match place {
            Place::Host => ("", "127.0.0.1", free_port()),
            Place::Lan { namespace, address } => (namespace.as_str(), address.as_str(), 22),
        };
        let config = format!(
            "Port {port}\nListenAddress {address}\nHostKey /test/host\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile /test/client.pub\nPasswordAuthentication no\nPermitRootLogin yes\n\
             ForceCommand echo >>/test/commands; exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        fs::create_dir(path.join("rw")).unwrap_or_else(|e| panic!("{e}"));
        fs::write(path.join("config"), config).unwrap_or_else(|e| panic!("{e}"));
        let base = base().unwrap_or_else(|e| panic!("{e}"));
        // Two networks may have the same name and address.
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let started = STARTED.fetch_add(1, Ordering::Relaxed);
        let group = format!("cplan-test-{}-{name}-{started}", std::process::id());
        let own = if namespace.is_empty() { "" } else { address };
        let child = Command::new("sh")
            .args(["-euc", ENTER, "sh", &group, namespace, own, "sh", "-euc", START, "sh"])
            .args([path, repository.path(), &base, Path::new(packages), Path::new(own)])
            .stdin(Stdio::null())
            .stderr(fs::File::create(path.join("sshd.log")).unwrap_or_else(|e| panic!("{e}")))
            .spawn()
            .unwrap_or_else(|e| panic!("unshare: {e}"));
        let key = fs::read_to_string(path.join("host.pub")).unwrap_or_else(|e| panic!("{e}"));
        let number: u32 = address.rsplit('.').next().and_then(|n| n.parse().ok()).unwrap_or_default();
        let access = Access {
            id: format!("00000000-0000-4000-8000-0{:03}{port:08}", number),
            name: name.to_owned(),
            address: address.to_owned(),
            port,
            user: "root".to_owned(),
            host_key: key.split(' ').take(2).collect::<Vec<_>>().join(" "),
            key_file: path.join("client"),
            flavor: String::new(),
            arch: String::new(),
        };
        let machine = Debian { access, dir, child, group };
        let begun = Instant::now();
        while !machine.listens(port) {
            let said = || fs::read_to_string(machine.dir.path().join("sshd.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(60), "sshd of {name} does not listen: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        machine
    }

    /// Whether something waits for connections at a port, in the table of the machine's network.
    fn listens(&self, port: u16) -> bool {
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", self.child.id())).unwrap_or_default();
        table.contains(&format!(":{port:04X} 00000000:0000 0A "))
    }

    /// The value of `machine` in a configuration.
    pub fn hcl(&self) -> String {
        let Access { id, name, address, port, user, host_key, key_file, flavor, arch } = &self.access;
        format!(
            "{{ id = {id:?}, name = {name:?}, address = {address:?}, port = {port}, user = {user:?}, \
             host_key = {host_key:?}, key_file = {:?}, flavor = {flavor:?}, arch = {arch:?} }}",
            key_file.display().to_string()
        )
    }

    /// Runs a script in the machine, past ssh.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn run(&self, script: &str) -> Finished {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let first = fs::read_to_string(children).unwrap_or_default();
        let mut command = Command::new("nsenter");
        command.args([
            "-t",
            first.trim(),
            "-m",
            "-p",
            "-u",
            "-i",
            "-r",
            "-w",
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        ]);
        command.args(["sh", "-c", script]);
        finish(command)
    }

    /// How many commands ssh was asked for.
    pub fn commands(&self) -> usize {
        fs::read_to_string(self.dir.path().join("commands")).map_or(0, |text| text.lines().count())
    }

    /// Processor time of sshd and of all that it started and that has ended, in seconds.
    pub fn served(&self) -> f64 {
        let stat = self.run("cat /proc/$(systemctl show -P MainPID ssh)/stat; getconf CLK_TCK").stdout;
        let words: Vec<f64> = stat.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        // proc_pid_stat(5): utime, stime, cutime and cstime; the two that are no numbers stand before them.
        words.get(11..15).zip(words.last()).map_or(0.0, |(ticks, second)| ticks.iter().sum::<f64>() / second)
    }

    /// How many transactions apt has noted.
    pub fn transactions(&self) -> usize {
        let noted = self.run("cat /var/log/apt/history.log").stdout;
        noted.lines().filter(|line| line.starts_with("Start-Date:")).count()
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its processes take a moment to end; a group with one in it stays.
        let remove = r#"for top in /sys/fs/cgroup /sys/fs/cgroup/systemd; do
            for try in 1 2 3 4 5 6 7 8 9 10; do
                [ ! -d "$top/$1" ] || { find "$top/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.2; }
            done
        done"#;
        let _ = Command::new("sh").args(["-c", remove, "sh", &self.group]).status();
    }
}

fn free_port() -> u16 {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    bound.unwrap_or_else(|e| panic!("{e}")).port()
}
