//! The shell on a machine: a trait here, so that every crate can use it; the real one lives with ssh.

use async_trait::async_trait;

use crate::{Access, Context, ProviderError};

/// What a script printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// The exit status.
    pub status: i32,
}

/// Runs scripts on machines over one multiplexed connection per machine and process.
#[async_trait]
pub trait Shell: Send + Sync {
    /// Runs a POSIX shell script with `stdin`; one round trip. A nonzero status is not an error, a machine that cannot
    /// be reached is [`crate::ErrorKind::Transient`], a wrong host key is [`crate::ErrorKind::Denied`].
    async fn run(&self, ctx: &Context, access: &Access, script: &str, stdin: &[u8]) -> Result<Output, ProviderError>;

    /// Tries once, with a short time limit, whether the machine answers with the pinned host key. `Ok(boot_id)`.
    async fn probe(&self, ctx: &Context, access: &Access) -> Result<String, ProviderError>;

    /// Forgets a connection, because the machine restarts or goes away.
    async fn disconnect(&self, access: &Access);

    /// How many connections were opened since the start of the process.
    fn sessions(&self) -> usize;

    /// Closes all connections.
    async fn close(&self);
}

/// A word quoted for a POSIX shell.
pub fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_for_a_shell() {
        assert_eq!(super::quote("it's"), r"'it'\''s'");
    }
}
