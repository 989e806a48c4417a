//! The ssh process that is a forward, and the folder that it needs.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cplan_sdk::{Access, ErrorKind, ProviderError};

use super::process::Process;
use crate::shell::{client_arguments, known_hosts_line};

/// How often another free port is tried, when somebody else was quicker.
const TRIES: usize = 5;

/// From where to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) local_address: String,
    /// Nothing is any free port.
    pub(super) local_port: Option<u16>,
    pub(super) remote_address: String,
    pub(super) remote_port: u16,
}

impl Route {
    /// The argument of `ssh -L`, once the port is known.
    fn argument(&self, port: u16) -> String {
        let Route { local_address, remote_address, remote_port, .. } = self;
        format!("{}:{port}:{}:{remote_port}", bracketed(local_address), bracketed(remote_address))
    }

    /// The other way round; an argument without an address binds the loopback address.
    pub(super) fn parse(argument: &str) -> Option<Route> {
        let (rest, remote_port) = argument.rsplit_once(':')?;
        let (rest, remote_address) = host(rest)?;
        let (rest, port) = rest.rsplit_once(':').unwrap_or(("", rest));
        let (_, local_address) = if rest.is_empty() { ("", "127.0.0.1".to_owned()) } else { host(rest)? };
        Some(Route {
            local_address: if local_address == "localhost" { "127.0.0.1".to_owned() } else { local_address },
            local_port: Some(port.parse().ok()?),
            remote_address,
            remote_port: remote_port.parse().ok()?,
        })
    }

    /// The route of an ssh process that forwards one port.
    pub(super) fn of(process: &Process) -> Option<Route> {
        let mut arguments = process.arguments.iter();
        while let Some(argument) = arguments.next() {
            if let Some(("", rest)) = argument.split_once("-L").filter(|(before, _)| before.is_empty()) {
                return Route::parse(if rest.is_empty() { arguments.next()? } else { rest });
            }
            // Letters before it, as in `-fNL`.
            let flags = argument.strip_prefix('-').and_then(|f| f.strip_suffix('L'));
            if flags.is_some_and(|f| f.chars().all(|c| "fNnTCqv46".contains(c))) {
                return Route::parse(arguments.next()?);
            }
        }
        None
    }
}

/// Whether another program listens at a port of this host.
pub(super) fn is_taken(address: &str, port: u16) -> bool {
    TcpListener::bind((address, port)).is_err_and(|e| e.kind() == io::ErrorKind::AddrInUse)
}

fn bracketed(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

/// Splits the last host off, which may stand in brackets.
fn host(text: &str) -> Option<(&str, String)> {
    match text.strip_suffix(']') {
        Some(inner) => {
            let (before, address) = inner.rsplit_once('[')?;
            Some((before.strip_suffix(':').unwrap_or(before), address.to_owned()))
        }
        None => {
            let (before, address) = text.rsplit_once(':').unwrap_or(("", text));
            Some((before, address.to_owned()))
        }
    }
}

/// The folder of a forward below `.cplan`: its known-hosts file, whose path in the process's arguments is the mark of
/// ownership, and ssh's log.
#[derive(Clone, Debug)]
pub(super) struct Tunnel {
    folder: PathBuf,
    id: String,
}

impl Tunnel {
    pub(super) fn new(data_dir: &Path, id: &str) -> Self {
        Tunnel { folder: data_dir.join("forwards").join(id), id: id.to_owned() }
    }

    /// Whether the folder is there.
    pub(super) fn exists(&self) -> bool {
        self.folder.exists()
    }

    /// Its processes among others: one, unless somebody was killed between two steps. The folder may have moved since.
    pub(super) fn among<'p>(&self, all: &'p [Process]) -> Vec<&'p Process> {
        let mark = format!("/forwards/{}/known_hosts\"", self.id);
        all.iter().filter(|p| p.arguments.iter().any(|a| a.ends_with(&mark))).collect()
    }

    /// Starts the process, which lives on when we end; gives the local port. It has authenticated and listens by then.
    pub(super) fn open(&self, access: &Access, route: &Route) -> Result<u16, ProviderError> {
        let failed =
            |what: &str, e: io::Error| ProviderError::failed(format!("{what} `{}`", self.folder.display())).source(e);
        fs::create_dir_all(&self.folder).map_err(|e| failed("cannot make the folder", e))?;
        let known_hosts = self.folder.join("known_hosts");
        fs::write(&known_hosts, known_hosts_line(access) + "\n").map_err(|e| failed("cannot write in", e))?;
        let mut tries = 0;
        loop {
            tries += 1;
            let port = match route.local_port {
                Some(port) => port,
                None => free_port(&route.local_address)?,
            };
            let log = self.folder.join("log");
            let _ = fs::remove_file(&log);
            let status = Command::new("ssh")
                .env("LC_ALL", "C")
                .current_dir("/")
                .args(["-f", "-N", "-T", "-S", "none", "-E"])
                .arg(&log)
                // A machine that is gone is noticed after ten seconds; of an option that comes twice the first counts.
                .args(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2"])
                .args(["-o", "ExitOnForwardFailure=yes", "-L", &route.argument(port)])
                .args(client_arguments(access, &known_hosts))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .map_err(|e| {
                    ProviderError::failed("the program `ssh` cannot be started")
                        .remedy("Install it with `apt-get install openssh-client`.")
                        .source(e)
                })?;
            if status.success() {
                return Ok(port);
            }
            let said = fs::read_to_string(&log).unwrap_or_default();
            let taken = said.contains("Address already in use");
            if taken && route.local_port.is_none() && tries < TRIES {
                continue;
            }
            return Err(refused(access, port, taken, &said));
        }
    }

    /// Removes the folder, and the one above once it is empty.
    pub(super) fn clear(&self) -> Result<(), ProviderError> {
        let removed = match fs::remove_dir_all(&self.folder) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        };
        if let Some(above) = self.folder.parent() {
            let _ = fs::remove_dir(above);
        }
        removed.map_err(|e| ProviderError::failed(format!("cannot remove `{}`", self.folder.display())).source(e))
    }
}

fn free_port(address: &str) -> Result<u16, ProviderError> {
    let bound = TcpListener::bind((address, 0)).and_then(|l| l.local_addr());
    bound.map(|a| a.port()).map_err(|e| {
        ProviderError::failed(format!("nothing can listen at {address} on this host"))
            .remedy("Write an address of this host into `local_address`, such as \"127.0.0.1\".")
            .source(e)
    })
}

fn refused(access: &Access, port: u16, taken: bool, said: &str) -> ProviderError {
    if taken {
        return ProviderError::new(ErrorKind::Conflict, format!("the local port {port} is in use by another process"))
            .remedy("End that process, or choose another `local_port`.")
            .details(said.trim());
    }
    if said.contains("Permission denied") && said.contains("bind") || said.contains("Privileged ports") {
        return ProviderError::new(ErrorKind::Denied, format!("this user may not listen on the local port {port}"))
            .remedy("Choose a `local_port` of 1024 or more.")
            .details(said.trim());
    }
    crate::shell::refused(access, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_as_they_are_written() {
        let route = |local: &str, remote: &str| Route {
            local_address: local.into(),
            local_port: Some(8080),
            remote_address: remote.into(),
            remote_port: 80,
        };
        for route in [route("127.0.0.1", "10.0.0.2"), route("::1", "fe80::1"), route("0.0.0.0", "web")] {
            assert_eq!(Route::parse(&route.argument(8080)), Some(route));
        }
        assert_eq!(Route::parse("8080:web:80"), Some(route("127.0.0.1", "web")));
        assert_eq!(Route::parse("8080"), None);
    }
}
