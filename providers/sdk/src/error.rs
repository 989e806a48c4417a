//! How a provider fails.

use cplan_model::Value;

/// The kind decides what the engine does next; it survives the journal and the Terraform bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The object is not there.
    NotFound,
    /// Something that is not ours stands in the way; it was not touched.
    Conflict,
    /// Trying again later may help; the provider has tried already.
    Transient,
    /// Not permitted.
    Denied,
    /// The user interrupted.
    Cancelled,
    /// A time limit ran out: what was waited for, how long, what was seen last.
    TimedOut,
    /// Anything else.
    Failed,
}

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What the engine goes by.
    pub kind: ErrorKind,
    /// What failed, in one sentence; the cause stands in `source`, not here.
    pub message: String,
    /// How to mend it; may be empty.
    pub remedy: String,
    /// More lines to show, such as a console tail; may be empty.
    pub details: String,
    /// What exists of the object all the same: the record is kept, tainted.
    pub partial: Option<Box<Value>>,
    /// Whether it broke off and may have been done all the same: the next command looks the object up by its identity. So it
    /// is with all that is [`ErrorKind::Cancelled`].
    pub unsettled: bool,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ProviderError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        ProviderError {
            kind,
            message: message.into(),
            remedy: String::new(),
            details: String::new(),
            partial: None,
            unsettled: false,
            source: None,
        }
    }

    /// [`ErrorKind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// With a remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// With more lines to show.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// With what exists of the object.
    #[must_use]
    pub fn partial(mut self, value: Value) -> Self {
        self.partial = Some(Box::new(value));
        self
    }

    /// With its cause.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
