//! One guest under plain QEMU with software emulation, reached through a forwarded port of the loopback interface.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Far longer than a boot takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running guest; it ends with its owner.
pub(crate) struct Guest {
    folder: PathBuf,
    process: Child,
    port: u16,
}

impl Guest {
    /// Makes keys, a seed and an overlay in a folder and starts the guest.
    pub(crate) fn start(folder: &Path, kernel: &str, initrd: &str, disk: &str, command_line: &str) -> Self {
        for key in ["host", "client"] {
            let path = folder.join(key);
            done(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path));
        }
        std::fs::write(folder.join("seed.img"), seed(folder)).unwrap();
        let overlay = folder.join("overlay.qcow2");
        done(Command::new("qemu-img").args(["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", disk]).arg(&overlay));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host_key = std::fs::read_to_string(folder.join("host.pub")).unwrap();
        std::fs::write(folder.join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-accel", "tcg", "-machine", "q35", "-cpu", "Westmere,+rdrand", "-m", "256", "-nodefaults"]);
        command.args([
            "-no-user-config",
            "-display",
            "none",
            "-kernel",
            kernel,
            "-initrd",
            initrd,
            "-append",
            command_line,
        ]);
        command.args(["-serial", &format!("file:{}", at("console.log"))]);
        command.args(["-monitor", &format!("unix:{},server,nowait", at("monitor"))]);
        command.args(["-drive", &format!("file={},if=virtio,format=qcow2", at("overlay.qcow2"))]);
        command.args(["-drive", &format!("file={},if=virtio,format=raw,readonly=on", at("seed.img"))]);
        command.args(["-netdev", &format!("user,id=n,hostfwd=tcp:127.0.0.1:{port}-:22")]);
        command.args([
            "-device",
            "virtio-net-pci,netdev=n,mac=52:54:00:12:34:56,romfile=",
            "-device",
            "virtio-rng-pci",
        ]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        Guest { folder: folder.to_owned(), process, port }
    }

    /// Waits until ssh answers with the pinned host key.
    pub(crate) fn wait(&mut self) {
        let begin = Instant::now();
        while self.ssh("true", b"").0 != Some(0) {
            let console = self.console();
            assert!(begin.elapsed() < PATIENCE, "no answer; the console says:\n{console}");
            assert!(self.process.try_wait().unwrap().is_none(), "qemu ended; the console says:\n{console}");
            std::thread::sleep(Duration::from_millis(200));
        }
        assert!(self.console().contains("cplan: ready"));
    }

    /// Runs a script that must succeed, and gives its output.
    pub(crate) fn run(&self, script: &str, input: &[u8]) -> String {
        let (status, output) = self.ssh(script, input);
        assert_eq!(status, Some(0), "{script}\n{output}\nconsole:\n{}", self.console());
        output
    }

    /// A restart from within.
    pub(crate) fn restart(&mut self) {
        let before = self.console().matches("cplan: ready").count();
        self.ssh("reboot", b"");
        let begin = Instant::now();
        while self.console().matches("cplan: ready").count() == before {
            assert!(begin.elapsed() < PATIENCE, "no restart; the console says:\n{}", self.console());
            std::thread::sleep(Duration::from_millis(200));
        }
        self.wait();
    }

    /// Presses the power button and waits for the end.
    pub(crate) fn power_off(mut self) {
        let mut monitor = UnixStream::connect(self.folder.join("monitor")).unwrap();
        monitor.write_all(b"system_powerdown\n").unwrap();
        let begin = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < PATIENCE, "no power-off; the console says:\n{}", self.console());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn console(&self) -> String {
        let bytes = std::fs::read(self.folder.join("console.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn ssh(&self, script: &str, input: &[u8]) -> (Option<i32>, String) {
        let known_hosts = format!("UserKnownHostsFile={}", self.folder.join("known_hosts").display());
        let mut command = Command::new("ssh");
        command.args(["-q", "-F", "none", "-p", &self.port.to_string(), "-i"]).arg(self.folder.join("client"));
        for option in ["StrictHostKeyChecking=yes", "BatchMode=yes", "ConnectTimeout=60", &known_hosts] {
            command.args(["-o", option]);
        }
        command.args(["root@127.0.0.1", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        // A guest that does not read leaves a broken pipe, which the status tells better.
        let _ = child.stdin.take().unwrap().write_all(input);
        let mut output = String::new();
        child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        (child.wait().unwrap().code(), output)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The tar that the guest unpacks over its root.
fn seed(folder: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |path: &str, mode: u32, data: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_mode(mode);
        tar.append_data(&mut header, path, data).unwrap();
    };
    let file = |name: &str| std::fs::read(folder.join(name)).unwrap();
    std::fs::set_permissions(folder.join("client"), PermissionsExt::from_mode(0o600)).unwrap();
    add("etc/hostname", 0o644, b"guest1\n");
    add("etc/ssh/ssh_host_ed25519_key", 0o600, &file("host"));
    add("root/.ssh/authorized_keys", 0o600, &file("client.pub"));
    add("etc/cplan/interfaces", 0o644, b"52:54:00:12:34:56 10.0.2.15/24 10.0.2.2\n");
    tar.into_inner().unwrap()
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
