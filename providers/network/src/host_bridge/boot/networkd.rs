//! `/etc/systemd/network`, see systemd.network(5): of files that match an interface the first counts, so ours come first.

use std::fmt::Write as _;

use crate::host_bridge::wanted::Wanted;

/// The ends of the names of our files, with what is in them; `None` where there is none.
pub(super) fn files(bridge: &str, wanted: Option<&Wanted>, mac: &str) -> [(&'static str, Option<String>); 3] {
    let device = wanted.map(|wanted| {
        let (stp, delay) = if wanted.stp { ("yes", 2) } else { ("no", 0) };
        format!(
            "[NetDev]\nName={bridge}\nKind=bridge\nMACAddress={mac}\n\n[Bridge]\nSTP={stp}\nForwardDelaySec={delay}\n"
        )
    });
    let network = wanted.map(|wanted| {
        let mut text = format!("[Match]\nName={bridge}\n\n[Network]\n");
        for address in &wanted.addresses {
            let _ = writeln!(text, "Address={address}");
        }
        if let Some(gateway) = &wanted.gateway {
            let _ = writeln!(text, "Gateway={gateway}");
        }
        for server in &wanted.dns {
            let _ = writeln!(text, "DNS={server}");
        }
        text
    });
    let port = wanted.map(|wanted| {
        format!("[Match]\nName={}\n\n[Network]\nBridge={bridge}\nLinkLocalAddressing=no\n", wanted.interface)
    });
    [(".netdev", device), (".network", network), ("-port.network", port)]
}
