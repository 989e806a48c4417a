//! A derived image of somebody else's: a throw-away machine starts from it, is changed through ssh, and its disk is kept.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cplan_sdk::Context;
use serde_json::json;

use super::super::boot::DISK;
use super::super::process;
use super::{Derived, ImageError, files};
use crate::arch::Arch;
use crate::nocloud::NoCloud;

/// How long such a machine may take to answer, and to end: far longer than either takes under emulation.
const PATIENCE: Duration = Duration::from_secs(1800);
const NAME: &str = "cplan-image";

const INSTALL: &str = include_str!("machine/install.sh");
const TIDY: &str = include_str!("machine/tidy.sh");

/// What such a build needs to know.
pub(crate) struct Throwaway<'a> {
    pub(crate) derived: &'a Derived,
    /// The folder of the image below.
    pub(crate) base: &'a Path,
    /// A folder for this build alone.
    pub(crate) scratch: &'a Path,
    /// `kvm`, `tcg`
    pub(crate) accelerator: &'static str,
}

impl Throwaway<'_> {
    /// Makes the disk in the scratch folder.
    pub(crate) fn build(&self, ctx: &Context, say: &dyn Fn(&str) -> Result<(), ImageError>) -> Result<(), ImageError> {
        say("starting a machine from the image below")?;
        self.seed()?;
        let work = self.at("work.qcow2");
        let mut create = Command::new("qemu-img");
        create.args(["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b"]).arg(self.base.join(DISK)).arg(&work);
        process::run(&mut create, "qemu-img create -b disk.qcow2")?;
        let mut machine = self.start()?;
        self.wait(ctx, &mut machine)?;

        if !self.derived.packages.is_empty() {
            say("installing packages")?;
            let script = format!("set -- {}\n{INSTALL}", self.derived.packages.join(" "));
            self.run(ctx, "install", script.as_bytes())?;
        }
        if !self.derived.files.is_empty() {
            say("writing files")?;
            let archive = self.at("files.tar");
            std::fs::write(&archive, files::archive(&self.derived.files)?)
                .map_err(|e| ImageError::io("write", &archive, e))?;
            self.ssh(ctx, "tar -xf - -C /", &archive, "write files")?;
        }
        for (i, command) in self.derived.run.iter().enumerate() {
            say(&format!("running {i:03}"))?;
            self.run(ctx, &format!("run[{i}]"), command.as_bytes())?;
        }
        say("tidying up and stopping the machine")?;
        // The machine goes down while it is told to: how the connection ends says nothing.
        let _ = self.run(ctx, "tidy up", TIDY.as_bytes());
        machine.end(ctx)?;

        say("making the disk")?;
        let mut convert = Command::new("qemu-img");
        convert.args(["convert", "-f", "qcow2", "-O", "qcow2"]).arg(&work).arg(self.at(DISK));
        process::run(&mut convert, "qemu-img convert -O qcow2")?;
        std::fs::remove_file(&work).map_err(|e| ImageError::io("remove", &work, e))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    fn read(&self, name: &str) -> Result<String, ImageError> {
        std::fs::read_to_string(self.at(name)).map_err(|e| ImageError::io("read", &self.at(name), e))
    }

    /// Keys for this machine alone, and a seed with them: it is pinned like any other.
    fn seed(&self) -> Result<(), ImageError> {
        for key in ["host", "client"] {
            let mut generate = Command::new("ssh-keygen");
            generate.args(["-q", "-t", "ed25519", "-N", "", "-C", NAME, "-f"]).arg(self.at(key));
            process::run(&mut generate, "ssh-keygen")?;
        }
        let (id, host_key) = (uuid::Uuid::new_v4().to_string(), self.read("host")?);
        let (host_public, client_public) = (self.read("host.pub")?, self.read("client.pub")?);
        let seed = NoCloud {
            id: &id,
            name: NAME,
            host_key: host_key.as_bytes(),
            host_public: &host_public,
            client_public: &client_public,
            timezone: None,
            network: json!({"version": 2, "ethernets": {"card": {"match": {"name": "e*"}, "dhcp4": true}}}),
            archive: b"",
        };
        let path = self.at("seed.img");
        seed.volume().and_then(|bytes| std::fs::write(&path, bytes)).map_err(|e| ImageError::io("write", &path, e))
    }

    /// Its only way outside is QEMU's own network, where nothing of the host is changed.
    fn start(&self) -> Result<Machine<'_>, ImageError> {
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let port = listener.map_err(|e| ImageError::io("listen on", Path::new("127.0.0.1"), e))?.port();
        let known = self.at("known_hosts");
        std::fs::write(&known, format!("[127.0.0.1]:{port} {}", self.read("host.pub")?))
            .and_then(|()| std::fs::write(self.at("port"), port.to_string()))
            .map_err(|e| ImageError::io("write", &known, e))?;
        let arch = self.derived.arch;
        let (program, package) = arch.emulator();
        let cpu = match (self.accelerator, arch.emulated_cpu()) {
            ("kvm", _) => "host".to_owned(),
            (_, (model, None)) => model.to_owned(),
            (_, (model, Some(feature))) => format!("{model},+{feature}"),
        };
        let path = |name: &str| self.at(name).display().to_string();
        let mut command = Command::new(program);
        command.args(["-accel", self.accelerator, "-machine", &machine_of(arch, self.accelerator)]);
        command.args(["-cpu", &cpu, "-m", "1024", "-smp", "2"]);
        if self.derived.uefi {
            command.args(["-bios", arch.firmware().0]);
        }
        command.args(["-nodefaults", "-no-user-config", "-display", "none", "-device", "virtio-rng-pci"]);
        command.args(["-serial", &format!("file:{}", path("console.log"))]);
        command.args(["-drive", &format!("file={},if=virtio,format=qcow2,cache=unsafe", path("work.qcow2"))]);
        command.args(["-drive", &format!("file={},if=virtio,format=raw,readonly=on", path("seed.img"))]);
        command.args(["-netdev", &format!("user,id=n,hostfwd=tcp:127.0.0.1:{port}-:22")]);
        command.args(["-device", "virtio-net-pci,netdev=n,romfile="]);
        let errors =
            std::fs::File::create(self.at("qemu.err")).map_err(|e| ImageError::io("write", &self.at("qemu.err"), e))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn();
        let child = child.map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ImageError::MissingProgram { program: program.into(), package },
            _ => ImageError::Io { action: "run", path: program.into(), source },
        })?;
        Ok(Machine { program, child, scratch: self.scratch })
    }

    /// Until it answers with its key, and cloud-init is through.
    fn wait(&self, ctx: &Context, machine: &mut Machine<'_>) -> Result<(), ImageError> {
        let begun = Instant::now();
        let script = b"if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null || true; fi\n";
        let (probe, quiet) = (self.at("probe"), self.at("nothing"));
        std::fs::write(&probe, script)
            .and_then(|()| std::fs::write(&quiet, ""))
            .map_err(|e| ImageError::io("write", &probe, e))?;
        loop {
            let waited = begun.elapsed().as_secs();
            let console = machine.last_line();
            ctx.progress.status(&format!("waiting for the machine, {waited}s, last console line: {console}"));
            if ctx.cancel.is_cancelled() {
                return Err(ImageError::Cancelled { doing: "waiting for a machine".to_owned() });
            }
            machine.alive()?;
            if self.client(&["true"]).stdin(Stdio::null()).output().is_ok_and(|output| output.status.success()) {
                return self.ssh(ctx, "sh -eu -s", &probe, "wait for cloud-init");
            }
            if begun.elapsed() > PATIENCE {
                return Err(ImageError::Command {
                    command: "ssh on the machine that changes the image".into(),
                    outcome: format!("did not answer within {waited}s"),
                    said: machine.console(),
                });
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    fn client(&self, command: &[&str]) -> Command {
        let port = std::fs::read_to_string(self.at("port")).unwrap_or_default();
        let mut ssh = Command::new("ssh");
        ssh.args(["-q", "-F", "none", "-p", &port, "-i"]).arg(self.at("client"));
        let known = format!("UserKnownHostsFile={}", self.at("known_hosts").display());
        for option in
            ["StrictHostKeyChecking=yes", "BatchMode=yes", "ConnectTimeout=60", "ServerAliveInterval=15", &known]
        {
            ssh.args(["-o", option]);
        }
        ssh.arg("root@127.0.0.1").args(command);
        ssh
    }

    fn run(&self, ctx: &Context, shown: &str, script: &[u8]) -> Result<(), ImageError> {
        let path = self.at("step.sh");
        std::fs::write(&path, script).map_err(|e| ImageError::io("write", &path, e))?;
        // Read whole before it runs: a command that reads its input must not eat the rest.
        let whole = "cat >/run/cplan-step && DEBIAN_FRONTEND=noninteractive sh -eu /run/cplan-step </dev/null";
        self.ssh(ctx, whole, &path, shown)
    }

    fn ssh(&self, ctx: &Context, command: &str, input: &Path, shown: &str) -> Result<(), ImageError> {
        let input = std::fs::File::open(input).map_err(|e| ImageError::io("read", input, e))?;
        process::feed(ctx, &mut self.client(&[command]), input, shown)
    }
}

/// The board, with the interrupt controller of the host where that has to be so.
fn machine_of(arch: Arch, accelerator: &str) -> String {
    match (arch, accelerator) {
        (Arch::Arm64, "kvm") => format!("{},gic-version=host", arch.board()),
        (Arch::Arm64, _) => format!("{},gic-version=3", arch.board()),
        _ => arch.board().to_owned(),
    }
}

/// A running machine; it ends with its owner.
struct Machine<'a> {
    program: &'static str,
    child: Child,
    scratch: &'a Path,
}

impl Machine<'_> {
    fn console(&self) -> String {
        let bytes = std::fs::read(self.scratch.join("console.log")).unwrap_or_default();
        let errors = std::fs::read_to_string(self.scratch.join("qemu.err")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned() + &errors;
        let lines: Vec<_> =
            text.lines().map(|l| l.trim().replace(|c: char| c.is_control(), "")).filter(|l| !l.is_empty()).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn last_line(&self) -> String {
        self.console().lines().last().unwrap_or("the console is silent").to_owned()
    }

    fn alive(&mut self) -> Result<(), ImageError> {
        match self.child.try_wait() {
            Ok(Some(status)) => Err(ImageError::Command {
                command: self.program.into(),
                outcome: format!("ended with {status}"),
                said: self.console(),
            }),
            _ => Ok(()),
        }
    }

    /// Waits until it has switched itself off.
    fn end(&mut self, ctx: &Context) -> Result<(), ImageError> {
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if ctx.cancel.is_cancelled() {
                return Err(ImageError::Cancelled { doing: "stopping a machine".to_owned() });
            }
            if begun.elapsed() > PATIENCE {
                return Err(ImageError::Command {
                    command: "poweroff in the machine that changes the image".into(),
                    outcome: "did not end it".into(),
                    said: self.console(),
                });
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
