//! Whether the host's libvirt can limit how much machines use of a processor. It needs the kernel's cpu controller; where
//! that is hidden, a machine with a quota is defined without an error and does not start.

use std::path::{Path, PathBuf};

use virt::connect::Connect;
use virt::sys;

use crate::client::{Client, LibvirtError};

/// Where libvirtd listens; who listens is who looks for the controller.
const SOCKETS: [&str; 2] = ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"];

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CpuController {
    /// It is there, or nothing speaks against it.
    Usable,
    /// It is not, and why.
    Missing(String),
}

/// Asks libvirt about a machine that runs; where none does, looks where libvirtd would look.
pub(crate) async fn cpu_controller(client: &Client) -> CpuController {
    let settings = client.settings().get();
    match client.call(asked).await {
        Ok(Some(answer)) => return answer,
        Ok(None) if settings.is_local() => {}
        // Of another host nothing more can be seen; a start that fails says why.
        _ => return CpuController::Usable,
    }
    let process = daemon().await.map(|pid| PathBuf::from(format!("/proc/{pid}")));
    let mounts = |process: &Path| std::fs::read_to_string(process.join("mounts")).ok().map(|m| (process.to_owned(), m));
    // Only root may look through the daemon's eyes; to all others their own have to do.
    let Some((process, mounts)) = process.as_deref().and_then(mounts).or_else(|| mounts(Path::new("/proc/self")))
    else {
        return CpuController::Usable;
    };
    let root = process.join("root");
    in_mounts(&mounts, |path| std::fs::read_to_string(root.join(path.strip_prefix("/").unwrap_or(path))).ok())
}

fn asked(connection: &Connect) -> Result<Option<CpuController>, LibvirtError> {
    let running = connection.list_all_domains(sys::VIR_CONNECT_LIST_DOMAINS_RUNNING);
    let running = running.map_err(LibvirtError::call("list the domains"))?;
    let Some(domain) = running.first() else { return Ok(None) };
    Ok(match domain.scheduler_type() {
        Ok(_) => Some(CpuController::Usable),
        Err(error) if error.message().contains("not mounted") => {
            Some(CpuController::Missing(error.message().trim_end().to_owned()))
        }
        // It stopped meanwhile, or may not be asked.
        Err(_) => None,
    })
}

/// The process of the daemon, which may see other mounts than we: it may have been started in a namespace of its own.
async fn daemon() -> Option<i32> {
    for socket in SOCKETS {
        let Ok(stream) = tokio::net::UnixStream::connect(socket).await else { continue };
        if let Some(pid) = stream.peer_cred().ok().and_then(|peer| peer.pid()) {
            return Some(pid);
        }
    }
    None
}

/// What a table of mounts (proc(5)) says: version 1 names its controllers, version 2 has them in a file. The table also
/// has what lies hidden below other mounts, and there is nothing to be read.
fn in_mounts(mounts: &str, read: impl Fn(&Path) -> Option<String>) -> CpuController {
    let mut unified = false;
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, at, kind, options, ..] = fields[..] else { continue };
        let there = || read(&PathBuf::from(at).join("cgroup.procs")).is_some();
        if kind == "cgroup" && options.split(',').any(|option| option == "cpu") && there() {
            return CpuController::Usable;
        }
        if kind == "cgroup2" {
            unified = true;
            let controllers = read(&PathBuf::from(at).join("cgroup.controllers")).unwrap_or_default();
            if controllers.split_whitespace().any(|controller| controller == "cpu") {
                return CpuController::Usable;
            }
        }
    }
    let why =
        if unified { "the cgroup tree of libvirtd has no cpu controller" } else { "libvirtd sees no cgroup tree" };
    CpuController::Missing(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_understood() {
        let of = |mounts: &str, controllers: &str| in_mounts(mounts, |_| Some(controllers.to_owned()));
        let first = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0\n";
        assert_eq!(of(first, ""), CpuController::Usable);
        let second = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
        assert_eq!(of(second, "cpuset cpu io"), CpuController::Usable);
        assert!(matches!(of(second, "cpuset io"), CpuController::Missing(why) if why.contains("no cpu controller")));
        let only_accounting = "cgroup /sys/fs/cgroup/cpuacct cgroup rw,cpuacct,cpuset 0 0\n";
        assert!(matches!(of(only_accounting, ""), CpuController::Missing(why) if why.contains("no cgroup tree")));
        assert!(matches!(in_mounts(first, |_| None), CpuController::Missing(_)));
        assert!(matches!(of("sysfs /sys sysfs rw 0 0\n", ""), CpuController::Missing(_)));
    }
}
