//! Debian machines without a kernel of their own: a file system made by mmdebstrap, with systemd and sshd in it, in
//! namespaces that end with it. Packages install there, from a repository of the test's own.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cplan_sdk::Access;
use tempfile::TempDir;

use crate::folder::{Finished, finish};

/// Where the file system that all machines stand on is kept between runs.
const BASE: &str = "/var/tmp/cplan-tests-debian-bookworm-2";

/// What starts a machine: a writable layer that is gone with the namespace, and systemd as its first process, in a control
/// group of its own. `$1` is its folder, `$2` the repository, `$3` the file system; with `debian` as `$4`
/// packages come from where this host's do.
const START: &str = r#"
mount --make-rprivate /
mount -t tmpfs -o mode=755 rw "$1/rw"
mkdir "$1/rw/upper" "$1/rw/work" "$1/rw/root"
mount -t overlay -o "lowerdir=$3,upperdir=$1/rw/upper,workdir=$1/rw/work" o "$1/rw/root"
root=$1/rw/root
mkdir -p "$root/test" "$root/repository"
mount --bind "$1" "$root/test"
mount --bind "$2" "$root/repository"
mount -t proc p "$root/proc"
mount -t sysfs -o ro s "$root/sys"
mount -t tmpfs -o mode=755 d "$root/dev"
for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 p "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs r "$root/run"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 c "$root/sys/fs/cgroup"
else
    mount -t tmpfs c "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd c "$root/sys/fs/cgroup/systemd"
fi
rm -f "$root/usr/sbin/policy-rc.d"
if [ "$4" = debian ]; then
    mount --bind /etc/apt "$root/etc/apt"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    # The network is this host's: what packages start by themselves would take the ports of others.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
else
    echo 'deb [trusted=yes] file:/repository ./' >"$root/etc/apt/sources.list"
    rm -f "$root/etc/apt/sources.list.d/"*
fi
cp "$1/config" "$root/etc/ssh/sshd_config"
cd "$root"
pivot_root . mnt
umount -l /mnt
# Where version 1 of control groups is, systemd would mount version 2 beside it, whose root all machines share.
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
    systemd.legacy_systemd_cgroup_controller=1
"#;

/// Enters a control group named `$1` in every hierarchy that systemd writes to, then becomes the rest.
const ENTER: &str = r#"
for top in /sys/fs/cgroup /sys/fs/cgroup/systemd; do
    if [ -e "$top/cgroup.procs" ]; then
        mkdir -p "$top/$1"
        echo $$ >"$top/$1/cgroup.procs"
    fi
done
shift
exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child "$@"
"#;

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

/// A folder of packages, as `file:/repository` on every machine.
#[derive(Debug)]
pub struct Repository(TempDir);

impl Repository {
    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let repository = Repository(tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")));
        repository.index();
        repository
    }

    /// Adds a package: `control` are more lines such as `Depends: b`, `files` what is in it, by absolute path.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn add(&self, name: &str, version: &str, control: &str, files: &[(&str, &str)]) {
        let build = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let write = |path: &str, text: &str| {
            let path = build.path().join(path.trim_start_matches('/'));
            let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
            parent.and_then(|()| fs::write(&path, text)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            if text.starts_with("#!") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap_or_else(|e| panic!("{e}"));
            }
        };
        let text = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Test <t@example.org>\n{control}Description: test\n"
        );
        write("DEBIAN/control", &text);
        files.iter().for_each(|(path, text)| write(path, text));
        let mut command = Command::new("dpkg-deb");
        command.args(["-Znone", "--root-owner-group", "--build"]).arg(build.path());
        command.arg(self.0.path().join(format!("{name}_{version}_all.deb")));
        finish(command).expect(0);
    }

    /// Writes the index, after packages were added.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn index(&self) {
        let mut command = Command::new("dpkg-scanpackages");
        command.args(["-m", "."]).current_dir(self.0.path());
        let index = finish(command).expect(0).stdout;
        fs::write(self.0.path().join("Packages"), index).unwrap_or_else(|e| panic!("{e}"));
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self::new()
    }
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
        Self::begin(name, repository, "repository")
    }

    /// Starts one whose packages are Debian's, as this host gets them.
    ///
    /// # Panics
    /// When it does not start.
    pub fn online(name: &str) -> Self {
        Self::begin(name, &Repository::new(), "debian")
    }

    fn begin(name: &str, repository: &Repository, packages: &str) -> Self {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = dir.path();
        for key in ["host", "client"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path.join(key));
            finish(command).expect(0);
        }
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).unwrap_or_else(|e| panic!("{e}")).port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey /test/host\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile /test/client.pub\nPasswordAuthentication no\nPermitRootLogin yes\n\
             ForceCommand echo >>/test/commands; exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        fs::create_dir(path.join("rw")).unwrap_or_else(|e| panic!("{e}"));
        fs::write(path.join("config"), config).unwrap_or_else(|e| panic!("{e}"));
        let base = base().unwrap_or_else(|e| panic!("{e}"));
        let group = format!("cplan-test-{}-{port}", std::process::id());
        let child = Command::new("sh")
            .args(["-euc", ENTER, "sh", &group, "sh", "-euc", START, "sh"])
            .args([path, repository.0.path(), &base, Path::new(packages)])
            .stdin(Stdio::null())
            .stderr(fs::File::create(path.join("sshd.log")).unwrap_or_else(|e| panic!("{e}")))
            .spawn()
            .unwrap_or_else(|e| panic!("unshare: {e}"));
        let key = fs::read_to_string(path.join("host.pub")).unwrap_or_else(|e| panic!("{e}"));
        let access = Access {
            id: format!("00000000-0000-4000-8000-0000{port:08}"),
            name: name.to_owned(),
            address: "127.0.0.1".to_owned(),
            port,
            user: "root".to_owned(),
            host_key: key.split(' ').take(2).collect::<Vec<_>>().join(" "),
            key_file: path.join("client"),
            flavor: String::new(),
        };
        let machine = Debian { access, dir, child, group };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let said = || fs::read_to_string(machine.dir.path().join("sshd.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(20), "sshd of {name} does not listen: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        machine
    }

    /// The value of `machine` in a configuration.
    pub fn hcl(&self) -> String {
        let Access { id, name, address, port, user, host_key, key_file, flavor } = &self.access;
        format!(
            "{{ id = {id:?}, name = {name:?}, address = {address:?}, port = {port}, user = {user:?}, \
             host_key = {host_key:?}, key_file = {:?}, flavor = {flavor:?} }}",
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

/// The file system, made once; a half-made one is never used.
fn base() -> io::Result<PathBuf> {
    let base = PathBuf::from(BASE);
    let lock = fs::File::create(format!("{BASE}.lock"))?;
    lock.lock()?;
    if base.exists() {
        return Ok(base);
    }
    let new = format!("{BASE}.new");
    let _ = fs::remove_dir_all(&new);
    let output = Command::new("mmdebstrap")
        .args(["--variant=apt", "--include=systemd-sysv,dbus,openssh-server,procps", "--quiet", "bookworm"])
        .arg(&new)
        .args(["--customize-hook=rm -f $1/var/log/apt/* $1/var/lib/apt/lists/* || true"])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("mmdebstrap failed: {said}")));
    }
    fs::rename(&new, &base)?;
    Ok(base)
}
