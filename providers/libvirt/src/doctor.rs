//! What a host can and cannot do for machines, and what mends it.

mod access;
mod foreign;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cplan_sdk::ProviderError;
use tokio::process::Command;

use crate::arch::Arch;
use crate::cgroup::{CpuController, cpu_controller};
use crate::client::{ADDRESS, Client, LibvirtError, QEMU};
use crate::host::facts;
use crate::kvm::KvmProbe;
use crate::library;

/// How one look at the host turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is there.
    Good,
    /// Machines run without, in a lesser way.
    Lesser,
    /// Needed, and missing.
    Bad,
}

/// One look at the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it turned out.
    pub health: Health,
    /// What was looked at: `libvirt`, `kvm`, …
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// The command or sentence that mends it; empty where nothing is to be mended.
    pub remedy: String,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Finding { health: Health::Good, what, found: found.into(), remedy: String::new() }
    }

    fn lesser(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { health: Health::Lesser, what, found: found.into(), remedy: remedy.into() }
    }

    fn bad(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { health: Health::Bad, what, found: found.into(), remedy: remedy.into() }
    }
}

/// Looks at everything that machines need. Of a remote host only what libvirt says can be seen.
pub async fn doctor(client: &Client) -> Vec<Finding> {
    let settings = client.settings().get();
    let mut findings = vec![libvirt(client, &settings.uri).await];
    if !settings.is_local() {
        return findings;
    }
    let reachable = findings[0].health == Health::Good;
    let (emulator, package) = Arch::of_this_host().emulator();
    findings.push(access::user());
    findings.push(virtlogd("/run/libvirt/virtlogd-sock").await);
    findings.push(program("qemu", emulator, &format!("apt-get install -y {package}")).await);
    findings.push(program("qemu-img", "qemu-img", "apt-get install -y qemu-utils").await);
    findings.push(program("dnsmasq", "dnsmasq", "apt-get install -y dnsmasq-base").await);
    findings.push(program("iproute2", "ip", "apt-get install -y iproute2").await);
    for (name, what) in [
        ("mmdebstrap", "images of the flavor `systemd` cannot be made"),
        ("curl", "images cannot be fetched from the web"),
    ] {
        findings.push(lesser(program(name, name, &format!("apt-get install -y {name}")).await, what));
    }
    findings.push(foreign::look(&settings));
    findings.push(file("tun", "/dev/net/tun", "modprobe tun"));
    findings.push(access::cache_dir(&settings.cache_dir));
    findings.extend(access::images(&settings.cache_dir));
    findings.push(space(&settings.cache_dir).await);
    findings.push(cgroups(client).await);
    findings.push(kvm(client, reachable).await);
    findings
}

async fn libvirt(client: &Client, uri: &str) -> Finding {
    if let Err(error) = library::load() {
        return Finding::bad("libvirt", error.to_string(), error.remedy());
    }
    let version = |n: u32| format!("{}.{}.{}", n / 1_000_000, n / 1000 % 1000, n % 1000);
    match facts(client).await {
        Ok(facts) if facts.driver != QEMU => {
            let found = format!("{uri} answers, and is libvirt's own made-up host: nothing comes to be there");
            Finding::bad("libvirt", found, ADDRESS)
        }
        Ok(facts) => {
            let (libvirt, qemu) = (version(facts.libvirt_version), version(facts.qemu_version));
            let (cpus, memory) = (facts.cpus, facts.memory / (1024 * 1024));
            Finding::good(
                "libvirt",
                format!("{uri} answers: libvirt {libvirt}, QEMU {qemu}, {cpus} processors, {memory}MiB"),
            )
        }
        Err(error) => {
            let said = said_by_libvirt(&error);
            let remedy = if !answers_for_qemu(uri) {
                ADDRESS.to_owned()
            } else if let Some(host) = remote_host(uri) {
                format!(
                    "See that {host} is reached, that libvirtd runs there, and that it lets you in: virsh -c {uri} version."
                )
            } else if said.contains("Permission denied") {
                "As root: usermod -aG libvirt USER; then log in anew.".to_owned()
            } else if find("libvirtd").is_none() {
                "apt-get install -y libvirt-daemon-system".to_owned()
            } else if Path::new("/run/systemd/system").exists() {
                "systemctl start libvirtd".to_owned()
            } else {
                "virtlogd -d; libvirtd -d".to_owned()
            };
            let found = if said.is_empty() { error.message } else { format!("{}: {said}", error.message) };
            Finding::bad("libvirt", found, remedy)
        }
    }
}

/// Whether an address is one of QEMU's: what it has two of. An alias of libvirt's configuration has no scheme.
fn answers_for_qemu(uri: &str) -> bool {
    let (driver, rest) = uri.split_once(':').unwrap_or_default();
    let path = rest.split('?').next().unwrap_or_default();
    let driver = driver.split('+').next().unwrap_or_default();
    driver == "qemu" && ["/system", "/session", "/embed"].iter().any(|end| path.ends_with(end))
}

/// The other host that an address leads to.
fn remote_host(uri: &str) -> Option<&str> {
    let authority = uri.split_once("://")?.1.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

/// Why there is no connection, in libvirt's words; empty where it says nothing.
fn said_by_libvirt(error: &ProviderError) -> String {
    let cause = error.source.as_ref().and_then(|cause| cause.downcast_ref::<LibvirtError>());
    match cause {
        Some(LibvirtError::Unreachable { source, .. }) => source.message().trim_end().to_owned(),
        _ => String::new(),
    }
}

/// libvirt gives the consoles of machines to it; without it no machine starts.
async fn virtlogd(socket: &str) -> Finding {
    match tokio::net::UnixStream::connect(socket).await {
        Ok(_) => Finding::good("virtlogd", format!("{socket} answers")),
        // It is for libvirtd, which is root's.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Finding::good("virtlogd", format!("{socket} is there, and only root may ask it"))
        }
        Err(error) => {
            let systemd = Path::new("/run/systemd/system").exists();
            let remedy = if systemd { "systemctl start virtlogd.socket" } else { "virtlogd -d" };
            Finding::bad("virtlogd", format!("{socket} does not answer: {error}"), remedy)
        }
    }
}

/// Where a program is; daemons' programs lie where an ordinary user's search path does not lead.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

async fn program(what: &'static str, name: &str, remedy: &str) -> Finding {
    let Some(path) = find(name) else { return Finding::bad(what, format!("`{name}` is not installed"), remedy) };
    let option = if name == "ip" { "-Version" } else { "--version" };
    match Command::new(&path).arg(option).output().await {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            Finding::good(what, text.lines().next().unwrap_or(name).to_owned())
        }
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            Finding::bad(what, format!("`{name}` fails: {}", text.lines().next().unwrap_or_default()), remedy)
        }
        Err(error) => Finding::bad(what, format!("`{name}` cannot be started: {error}"), remedy),
    }
}

/// Not everybody needs it: what cannot be done without.
fn lesser(finding: Finding, without: &str) -> Finding {
    if finding.health != Health::Bad {
        return finding;
    }
    Finding::lesser(finding.what, format!("{}: {without}", finding.found), finding.remedy)
}

fn file(what: &'static str, path: &str, remedy: &str) -> Finding {
    if Path::new(path).exists() {
        Finding::good(what, format!("{path} is there"))
    } else {
        Finding::bad(what, format!("{path} is missing"), remedy)
    }
}

/// An image takes about 50 MB, a machine what it writes.
async fn space(folder: &Path) -> Finding {
    let existing = folder.ancestors().find(|p| p.exists()).unwrap_or(folder);
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(existing).output().await;
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let Some(free) = text.lines().nth(1).and_then(|line| line.trim().parse::<u64>().ok()) else {
        let found = format!("the free space below {} cannot be told", folder.display());
        return Finding::lesser("disk", found, "apt-get install -y coreutils");
    };
    let found = format!("{}MiB are free for {}", free / (1024 * 1024), folder.display());
    let remedy = "Free some space, or set cache_dir in the provider block to a folder on a larger disk.";
    match free >> 20 {
        2048.. => Finding::good("disk", found),
        512.. => Finding::lesser("disk", found, remedy),
        _ => Finding::bad("disk", found, remedy),
    }
}

/// Without them a machine with a `cpu_quota` does not start.
async fn cgroups(client: &Client) -> Finding {
    match cpu_controller(client).await {
        CpuController::Usable => Finding::good("cgroups", "the cpu controller is there"),
        CpuController::Missing(why) => {
            let remedy = "Mount it where libvirtd sees it, and restart libvirtd: mount -t cgroup2 none /sys/fs/cgroup.";
            Finding::lesser("cgroups", format!("cpu_quota cannot be used: {why}"), remedy)
        }
    }
}

async fn kvm(client: &Client, reachable: bool) -> Finding {
    if let Some(finding) = access::kvm_device() {
        return finding;
    }
    if !reachable {
        return Finding::lesser("kvm", "not tried, because libvirt does not answer", "");
    }
    let emulated = "machines are emulated, many times slower";
    match KvmProbe::new(client.clone()).verdict(None).await {
        Some(verdict) if verdict.works => Finding::good("kvm", "a kernel that was started with KVM ran"),
        Some(verdict) => {
            let remedy = "Nested virtualisation must be on below this host; on a physical one, in its firmware.";
            Finding::lesser("kvm", format!("{}: {emulated}", verdict.why), remedy)
        }
        None => Finding::lesser("kvm", "not tried yet: there is no kernel to try with before an image is made", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_comes_with_what_mends_it() {
        let finding = program("x", "no-such-program-anywhere", "install it").await;
        assert_eq!((finding.health, finding.remedy.as_str()), (Health::Bad, "install it"));
        assert_eq!(file("tun", "/no/such/file", "modprobe tun").health, Health::Bad);
        assert_eq!(file("root", "/", "").health, Health::Good);
        assert_eq!(program("x", "sh", "").await.what, "x");
    }

    #[tokio::test]
    async fn why_libvirt_does_not_answer_is_told() {
        let uri = "qemu+unix:///system?socket=/no/such/socket";
        let settings = crate::HostSettings { uri: uri.into(), ..crate::HostSettings::default() };
        let finding = libvirt(&Client::new(crate::SharedSettings::new(settings)), uri).await;
        assert_eq!(finding.health, Health::Bad);
        // Once as the address, and once in libvirt's own words.
        let told = finding.found.matches("/no/such/socket").count();
        assert_eq!(told, if library::load().is_ok() { 2 } else { 0 }, "{}", finding.found);
    }

    #[tokio::test]
    async fn an_address_where_no_machine_can_be_is_told() {
        if library::load().is_err() {
            return;
        }
        for (uri, remedy) in [
            ("test:///default", "qemu:///system"),
            ("nothing:///", "qemu:///system"),
            ("typo", "qemu:///system"),
            ("qemu:///sytem", "qemu:///system"),
            ("qemu+tcp://root@127.0.0.1:1/system", "See that 127.0.0.1:1 is reached"),
        ] {
            let settings = crate::HostSettings { uri: uri.into(), ..crate::HostSettings::default() };
            let finding = libvirt(&Client::new(crate::SharedSettings::new(settings)), uri).await;
            assert_eq!(finding.health, Health::Bad, "{uri}");
            assert!(finding.found.contains(uri) && finding.remedy.contains(remedy), "{uri}: {finding:?}");
        }
    }

    #[tokio::test]
    async fn a_socket_that_nobody_listens_at_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let finding = virtlogd(&dir.path().join("sock").to_string_lossy()).await;
        assert_eq!(finding.health, Health::Bad);
    }

    #[tokio::test]
    async fn free_space_is_told_of_a_folder_that_is_yet_to_be() {
        let dir = tempfile::tempdir().unwrap();
        assert!(space(&dir.path().join("a/b")).await.found.contains("MiB are free"));
    }
}
