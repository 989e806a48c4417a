//! The arguments of the ssh client: everything pinned, nothing taken from the user's own settings.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use cplan_sdk::Access;

/// From the standing TCP connection to a shell on the machine. Generous: an emulated guest that is still booting, or a
/// host with more machines than cores, needs seconds for the key exchange, and breaking it off would only make it begin
/// again.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(30);

/// The line of a `known_hosts` file that pins the machine's host key, without a line end. The name in it is the
/// machine's identity, which [`client_arguments`] asks for by `HostKeyAlias`, so a reused address never matches another
/// machine's key (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
pub fn known_hosts_line(access: &Access) -> String {
    format!("{} {}", access.id, access.host_key.trim())
}

/// What stands between `ssh` and a command: options, user, port and address. Neither the user's nor the system's
/// configuration is read, no agent is asked, no password is tried, and only the host key in `known_hosts` is accepted.
pub fn client_arguments(access: &Access, known_hosts: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-F", "none"].map(OsString::from).into();
    let options = [
        ("BatchMode", "yes".into()),
        ("StrictHostKeyChecking", "yes".into()),
        ("UserKnownHostsFile", quoted(known_hosts)),
        ("GlobalKnownHostsFile", "/dev/null".into()),
        ("HostKeyAlias", OsString::from(&access.id)),
        ("CheckHostIP", "no".into()),
        ("UpdateHostKeys", "no".into()),
        ("IdentitiesOnly", "yes".into()),
        ("IdentityAgent", "none".into()),
        ("IdentityFile", quoted(&access.key_file)),
        ("PreferredAuthentications", "publickey".into()),
        ("ForwardAgent", "no".into()),
        // First an exchange that costs next to nothing: OpenSSH's own choice, sntrup761, costs this host 65 ms each time.
        ("KexAlgorithms", "^curve25519-sha256,curve25519-sha256@libssh.org".into()),
        // It goes on until the server has said its first words (ssh_config(5)).
        ("ConnectTimeout", HANDSHAKE.as_secs().to_string().into()),
        ("ServerAliveInterval", "5".into()),
        ("ServerAliveCountMax", "4".into()),
    ];
    for (name, value) in options {
        let mut option = OsString::from(format!("{name}="));
        option.push(value);
        arguments.extend(["-o".into(), option]);
    }
    let destination = ["-l".to_owned(), access.user.clone(), "-p".to_owned(), access.port.to_string()];
    arguments.extend(destination.map(OsString::from));
    arguments.push(OsString::from(&access.address));
    arguments
}

/// ssh splits the values of file options at spaces and expands `%`; quotes and doubling keep a path whole.
fn quoted(path: &Path) -> OsString {
    let text = path.to_string_lossy();
    OsString::from(format!("\"{}\"", text.replace('%', "%%").replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_the_key_under_the_identity() {
        let access = Access {
            id: "0a1b".into(),
            name: "edge0".into(),
            address: "10.70.0.11".into(),
            port: 22,
            user: "root".into(),
            host_key: "ssh-ed25519 AAAA\n".into(),
            key_file: "/l a/100%/key".into(),
            flavor: String::new(),
            arch: String::new(),
        };
        assert_eq!(known_hosts_line(&access), "0a1b ssh-ed25519 AAAA");
        let arguments: Vec<_> =
            client_arguments(&access, Path::new("/k")).into_iter().map(|a| a.to_string_lossy().into_owned()).collect();
        let line = arguments.join(" ");
        for part in ["-F none", "HostKeyAlias=0a1b", "StrictHostKeyChecking=yes", "IdentityFile=\"/l a/100%%/key\""] {
            assert!(line.contains(part), "{part} is missing in {line}");
        }
        assert!(line.ends_with("-l root -p 22 10.70.0.11"));
    }
}
