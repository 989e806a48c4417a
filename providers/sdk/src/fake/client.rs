//! The provider's end of the socket.

use std::path::PathBuf;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::protocol::{Event, Object, Request, Response};
use crate::{ErrorKind, ProviderError};

/// Speaks to a world; one connection per request, so that requests do not wait for each other.
pub(super) struct Client {
    socket: PathBuf,
}

impl Client {
    pub(super) fn new(socket: PathBuf) -> Self {
        Client { socket }
    }

    async fn exchange(&self, request: &Request) -> std::io::Result<Response> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Asks; a world that does not answer is transient.
    pub(super) async fn ask(&self, request: &Request) -> Result<Response, ProviderError> {
        self.exchange(request).await.map_err(|e| {
            let message = format!("the fake world at {} does not answer", self.socket.display());
            ProviderError::new(ErrorKind::Transient, message).source(e)
        })
    }

    /// Objects by id, in order, and the box that was named.
    pub(super) async fn read(
        &self,
        ids: Vec<String>,
        container: Option<String>,
        settle: bool,
    ) -> Result<(Vec<Option<Object>>, Option<Object>), ProviderError> {
        match self.ask(&Request::Read { ids, container, settle }).await? {
            Response::Read { objects, container } => Ok((objects, container)),
            other => Err(unexpected(&other)),
        }
    }
}

/// An answer that does not fit the question.
pub(super) fn unexpected(response: &Response) -> ProviderError {
    ProviderError::failed(format!("the fake world gave an answer that does not fit: {response:?}"))
}

/// The kind of error that a refusal is.
pub(super) fn kind(event: Event) -> ErrorKind {
    match event {
        Event::Duplicate => ErrorKind::Conflict,
        Event::Missing => ErrorKind::NotFound,
        Event::Unreachable => ErrorKind::Transient,
        _ => ErrorKind::Failed,
    }
}
