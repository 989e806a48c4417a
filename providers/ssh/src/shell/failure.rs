//! What goes wrong with a connection, in a form that several waiters can share.

use std::time::Duration;

use cplan_sdk::{Access, ErrorKind, ProviderError};
use tokio::task::JoinError;

/// A failed attempt; [`ProviderError`] cannot be cloned, this can.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    kind: ErrorKind,
    message: String,
    remedy: String,
    details: String,
}

impl Failure {
    fn new(kind: ErrorKind, message: String) -> Self {
        Failure { kind, message, remedy: String::new(), details: String::new() }
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The attempt's task ended by a panic or with its runtime.
    pub(super) fn from_join(error: &JoinError) -> Self {
        Self::new(ErrorKind::Failed, format!("the connection attempt broke off: {error}"))
    }

    /// Nothing answers at the address.
    pub(super) fn unreachable(access: &Access, why: &str) -> Self {
        Self::new(ErrorKind::Transient, format!("machine `{}` cannot be reached: {why}", access.name)).remedy(format!(
            "See that it runs and that its ssh server listens at {}:{}; what was on a machine that is gone for good leaves the \
             state by `cplan state rm`.",
            access.address, access.port
        ))
    }

    /// The user cannot become root, as cplan has to.
    pub(super) fn powerless(access: &Access, why: &str) -> Self {
        let Access { name, user, .. } = access;
        Self::new(ErrorKind::Denied, format!("user `{user}` cannot become root on machine `{name}`: {why}")).remedy(
            format!("Allow it without a password, as `{user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d does, or let the user be root."),
        )
    }

    /// It answers, but not in time.
    pub(super) fn slow(access: &Access, limit: Duration) -> Self {
        let message = format!(
            "machine `{}` accepts connections, but ssh was not ready within {:.1}s",
            access.name,
            limit.as_secs_f64()
        );
        Self::new(ErrorKind::Transient, message)
    }

    /// The connection ended while it was in use; `why` is what was seen of it.
    pub(super) fn lost(access: &Access, why: impl Into<String>) -> Self {
        let message = format!("the ssh connection to machine `{}` was lost", access.name);
        Failure { details: why.into(), ..Self::new(ErrorKind::Transient, message) }
    }

    /// Something on our side.
    pub(super) fn local(what: String) -> Self {
        Self::new(ErrorKind::Failed, what)
    }

    /// The ssh client is not there.
    pub(super) fn no_client(error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Failed, format!("the program `ssh` cannot be started: {error}"))
            .remedy("Install it with `apt-get install openssh-client`.")
    }

    /// What the ssh client said when it ended without a connection.
    pub(super) fn from_client(access: &Access, said: &str) -> Self {
        let name = &access.name;
        let last = said.lines().map(str::trim).rfind(|l| !l.is_empty()).unwrap_or("ssh gave no reason").to_owned();
        let mut failure = if said.contains("Host key verification failed") || said.contains("host key is known for") {
            Self::new(
                ErrorKind::Denied,
                format!("machine `{name}` at {} shows another host key than the one pinned for it", access.address),
            )
            .remedy(
                "Find out who answers at that address. If the machine was set up anew, write its new key into its `existing`, or \
                 replace it where cplan made it; what was on it before leaves the state by `cplan state rm`.",
            )
        } else if said.contains("Permission denied") {
            Self::new(
                ErrorKind::Denied,
                format!("machine `{name}` refuses the key `{}` for user `{}`", access.key_file.display(), access.user),
            )
            .remedy(
                "See that the public half of that key stands in ~/.ssh/authorized_keys of that user, who is `root` unless \
                 `existing` names another; where cplan made the machine, put the lab's key file back with mode 0600, or \
                 replace the machine so that it learns the new key.",
            )
        } else if said.contains("command-line") || said.contains("unix_listener") || said.contains("ControlSocket") {
            Self::local(format!("ssh could not begin a connection to machine `{name}`: {last}"))
        } else {
            Self::unreachable(access, &last)
        };
        failure.details = details(said);
        failure
    }
}

/// What the client said. Of its long warning of another host key only the fingerprint tells anything: its advice is for a file
/// that is gone by then.
fn details(said: &str) -> String {
    let mut lines = said.trim().lines().skip_while(|line| !line.starts_with("The fingerprint for "));
    match (lines.next(), lines.next()) {
        (Some(which), Some(fingerprint)) => format!("{which} {}", fingerprint.trim()),
        _ => said.trim().to_owned(),
    }
}

/// What it means that the ssh client ended without a connection.
pub(crate) fn refused(access: &Access, said: &str) -> ProviderError {
    Failure::from_client(access, said).into()
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        ProviderError::new(failure.kind, failure.message).remedy(failure.remedy).details(failure.details)
    }
}
