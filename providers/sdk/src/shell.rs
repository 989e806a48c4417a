//! The shell on a machine: a trait here, so that every crate can use it; the real one lives with ssh.

use std::time::Duration;

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

/// What a connection to a machine took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTime {
    /// The name of the machine.
    pub machine: String,
    /// From the first packet until the machine answered.
    pub opening: Duration,
    /// From the first packet until the end of the last command.
    pub whole: Duration,
    /// How many commands the machine was given.
    pub commands: usize,
}

/// Runs scripts on machines over one multiplexed connection per machine and process.
#[async_trait]
pub trait Shell: Send + Sync {
    /// Runs a POSIX shell script with `stdin`; one round trip. A nonzero status is not an error, a machine that cannot
    /// be reached is [`crate::ErrorKind::Transient`], a wrong host key is [`crate::ErrorKind::Denied`].
    async fn run(&self, ctx: &Context, access: &Access, script: &str, stdin: &[u8]) -> Result<Output, ProviderError>;

    /// As [`Shell::run`] without input, for scripts that only look: what they say on standard error is dropped. The first
    /// on a machine costs no command of its own where it can come with the connection.
    async fn look(&self, ctx: &Context, access: &Access, script: &str) -> Result<Output, ProviderError> {
        self.run(ctx, access, script, &[]).await
    }

    /// Tries once, with a short time limit, whether the machine answers with the pinned host key. `Ok(boot_id)`.
    async fn probe(&self, ctx: &Context, access: &Access) -> Result<String, ProviderError>;

    /// Forgets a connection, because the machine restarts or goes away.
    async fn disconnect(&self, access: &Access);

    /// How many connections were opened since the start of the process.
    fn sessions(&self) -> usize;

    /// What each of these connections took, where that is known.
    fn times(&self) -> Vec<SessionTime> {
        Vec::new()
    }

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
