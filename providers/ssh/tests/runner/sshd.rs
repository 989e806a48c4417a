//! An sshd of the test's own: own configuration, own keys, a free port on the loopback address, in a temporary folder.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cplan_sdk::{Access, Context, Silent};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::capability::skip;

/// A running sshd; ended on drop.
pub(crate) struct Sshd {
    pub(crate) dir: TempDir,
    pub(crate) access: Access,
    child: Child,
}

impl Sshd {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start() -> Option<Sshd> {
        if !Path::new("/usr/sbin/sshd").exists() {
            skip("ssh", "/usr/sbin/sshd is not installed (openssh-server)");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        for key in ["host", "client"] {
            let status = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
                .arg(dir.path().join(key))
                .status()
                .unwrap();
            assert!(status.success());
        }
        // sshd wants its privilege separation folder; making it is what its service does at boot.
        fs::create_dir_all("/run/sshd").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let d = dir.path().display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {d}/host\nPidFile none\nAuthorizedKeysFile {d}/client.pub\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n\
             ForceCommand echo >>{d}/commands; exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        fs::write(dir.path().join("config"), config).unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(dir.path().join("config"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let host = fs::read_to_string(dir.path().join("host.pub")).unwrap();
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let access = Access {
            id: "5d8f7a2e-0000-4000-8000-000000000001".into(),
            name: "edge0".into(),
            address: "127.0.0.1".into(),
            port,
            user: String::from_utf8(user).unwrap().trim().into(),
            host_key: host.rsplit_once(' ').unwrap().0.into(),
            key_file: dir.path().join("client"),
            flavor: String::new(),
            arch: String::new(),
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Sshd { dir, access, child })
    }

    /// How many commands it was asked for.
    pub(crate) fn commands(&self) -> usize {
        fs::read_to_string(self.dir.path().join("commands")).map_or(0, |text| text.lines().count())
    }

    /// Ends the daemon; what it forked for open connections lives on, as with a real one.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A context whose data folder is the test's.
pub(crate) fn context(dir: &Path) -> Context {
    Context::new(dir, Arc::new(Silent), CancellationToken::new())
}
