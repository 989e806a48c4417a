//! Whether KVM can really run a guest here. A device that opens is no proof: nested hosts have one on which a guest
//! hangs. So a kernel is started, and the verdict is remembered until the host starts again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::arch::Arch;
use crate::client::{Client, LibvirtError};

/// A kernel on KVM gets to its end in about a second; one that hangs is given this long.
const LIMIT: Duration = Duration::from_secs(5);
/// Without a root file system a kernel that works ends here (`init/do_mounts.c`); with a built-in one it goes on.
const PROOFS: [&str; 2] = ["Unable to mount root fs", "Run /init as init process"];

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvmVerdict {
    /// Whether a guest runs.
    pub works: bool,
    /// Why not, in one sentence; empty when it does.
    pub why: String,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    host_boot_id: String,
    verdict: KvmVerdict,
}

/// Whether a guest has run with KVM since this host started, as far as the cache folder remembers.
pub(crate) fn known_to_work(cache_dir: &Path) -> bool {
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let remembered = std::fs::read(cache_dir.join("kvm.json")).ok();
    let remembered = remembered.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
    remembered.is_some_and(|r| r.host_boot_id == boot_id.trim() && r.verdict.works)
}

/// Finds out, once.
#[derive(Clone)]
pub struct KvmProbe {
    client: Client,
    // Held while probing: machines that are made side by side wait for one probe.
    known: Arc<Mutex<Option<KvmVerdict>>>,
}

impl KvmProbe {
    /// A probe of the client's host.
    pub fn new(client: Client) -> Self {
        KvmProbe { client, known: Arc::default() }
    }

    /// The verdict; `kernel` is any Linux kernel, the host's own where there is none. `None` when there is no kernel to
    /// try with, and nothing else speaks against KVM.
    pub async fn verdict(&self, kernel: Option<&Path>) -> Option<KvmVerdict> {
        let mut known = self.known.lock().await;
        if known.is_some() {
            return known.clone();
        }
        let settings = self.client.settings().get();
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        let file = settings.cache_dir.join("kvm.json");
        let remembered = std::fs::read(&file).ok().and_then(|b| serde_json::from_slice::<Remembered>(&b).ok());
        let verdict = match remembered.filter(|r| settings.is_local() && r.host_boot_id == boot_id) {
            Some(remembered) => remembered.verdict,
            None => {
                let verdict = self.find_out(settings.is_local(), kernel).await?;
                if settings.is_local() {
                    let remembered = Remembered { host_boot_id: boot_id, verdict: verdict.clone() };
                    // Only a matter of speed: without it the next command probes again.
                    let _ = serde_json::to_vec(&remembered).map(|bytes| std::fs::write(&file, bytes));
                }
                verdict
            }
        };
        *known = Some(verdict.clone());
        Some(verdict)
    }

    async fn find_out(&self, local: bool, kernel: Option<&Path>) -> Option<KvmVerdict> {
        let no = |why: String| Some(KvmVerdict { works: false, why });
        if local && !Path::new("/dev/kvm").exists() {
            return no("this host has no /dev/kvm".to_owned());
        }
        // libvirt asks as the user that QEMU will run as.
        let offered = self.client.call(|connection| {
            let capabilities = connection.domain_capabilities(None, None, None, Some("kvm"), 0);
            capabilities.map_err(LibvirtError::call("use KVM"))
        });
        if let Err(error) = offered.await {
            return no(error.to_string());
        }
        if !local {
            return Some(KvmVerdict { works: true, why: String::new() });
        }
        let kernel = kernel.filter(|k| k.exists()).map(Path::to_owned).or_else(host_kernel)?;
        Some(match timeout(LIMIT, run(&kernel)).await {
            Ok(Ok(())) => KvmVerdict { works: true, why: String::new() },
            Ok(Err(why)) => KvmVerdict { works: false, why },
            Err(_) => {
                let why = format!("a kernel that was started with KVM got nowhere within {}s", LIMIT.as_secs());
                KvmVerdict { works: false, why }
            }
        })
    }
}

/// The newest kernel of this host.
fn host_kernel() -> Option<PathBuf> {
    let entries = std::fs::read_dir("/boot").ok()?.filter_map(Result::ok).map(|e| e.path());
    entries.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("vmlinuz"))).max()
}

/// Starts a kernel and reads its console until it proves itself.
async fn run(kernel: &Path) -> Result<(), String> {
    let arch = Arch::of_this_host();
    let (program, _) = arch.emulator();
    let command_line = format!("console={} panic=-1 loglevel=7", arch.console());
    let mut child = Command::new(program)
        .args(["-accel", "kvm", "-machine", arch.board(), "-cpu", "host", "-m", "256", "-nodefaults"])
        .args(["-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-append", &command_line])
        .arg("-kernel")
        .arg(kernel)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("{program} cannot be run: {e}"))?;
    let mut seen = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut console = BufReader::new(stdout);
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = console.read(&mut chunk).await {
            seen.extend_from_slice(&chunk[..n]);
            let text = String::from_utf8_lossy(&seen);
            if PROOFS.iter().any(|proof| text.contains(proof)) {
                return Ok(());
            }
        }
    }
    let mut error = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut error).await;
    }
    let said = error.lines().next().unwrap_or("QEMU ended without a word");
    Err(format!("a kernel that was started with KVM did not get far: {said}"))
}
