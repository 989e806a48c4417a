//! A network of machines of its own: nothing of it is seen on this host, and its machines have all ports to themselves.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use super::{Debian, Place};

/// A bridge in a network namespace, and the way out of it to the package sources.
const LAN: &str = r#"
ip link set lo up
ip link add lan type bridge
ip address add 10.213.0.1/24 dev lan
ip link set lan up
echo 1 >/proc/sys/net/ipv4/ip_forward
iptables -w -t nat -A POSTROUTING -s 10.213.0.0/24 -o tap0 -j MASQUERADE
echo ready
exec sleep infinity
"#;

/// The network; gone on drop, and with the thread that made it.
#[derive(Debug)]
pub struct Lan {
    holder: Child,
    uplink: Child,
}

impl Lan {
    /// An empty one with an uplink.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let dying = |arguments: &[&str]| {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL"]).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
            command.spawn().unwrap_or_else(|e| panic!("setpriv: {e}"))
        };
        let mut holder = dying(&["unshare", "--net", "sh", "-euc", LAN]);
        let mut said = String::new();
        if let Some(stdout) = holder.stdout.take() {
            let _ = BufReader::new(stdout).read_line(&mut said);
        }
        assert_eq!(said, "ready\n", "no network can be made");
        let pid = holder.id().to_string();
        let slirp = ["slirp4netns", "--configure", "--disable-host-loopback", "--ready-fd=1", &pid, "tap0"];
        let mut uplink = dying(&slirp);
        let ready = uplink.stdout.take().map(|mut stdout| stdout.read_exact(&mut [0; 1]));
        assert!(matches!(ready, Some(Ok(()))), "slirp4netns gives no uplink");
        Lan { holder, uplink }
    }

    /// A machine whose packages are Debian's; `number` is the last part of its address, from 2 on.
    ///
    /// # Panics
    /// When it does not start.
    pub fn machine(&self, name: &str, number: u8) -> Debian {
        let address = format!("10.213.0.{number}");
        Debian::begin(name, &super::Repository::new(), "debian", &Place::Lan { namespace: self.namespace(), address })
    }

    /// What runs a command in this network, where the machines are reached.
    pub fn inside(&self) -> Vec<String> {
        vec!["nsenter".to_owned(), format!("--net={}", self.namespace())]
    }

    fn namespace(&self) -> String {
        format!("/proc/{}/ns/net", self.holder.id())
    }
}

impl Default for Lan {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for child in [&mut self.uplink, &mut self.holder] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
