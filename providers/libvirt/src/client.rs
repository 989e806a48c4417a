//! Connections to libvirt: one per URI, its blocking calls on threads of their own, its errors typed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once, PoisonError};

use cplan_sdk::{ErrorKind, ProviderError};
use virt::connect::Connect;
use virt::error::{ErrorNumber, clear_error_callback};

use crate::SharedSettings;
use crate::library::{self, LibraryError};
use crate::network::Reserved;

/// What libvirt calls the driver that runs machines, of whatever accelerator.
pub(crate) const QEMU: &str = "QEMU";

/// How to name a libvirt that runs machines.
pub(crate) const ADDRESS: &str = "Set LIBVIRT_DEFAULT_URI, or `uri` in the provider block, to qemu:///system, or to \
                                  qemu+ssh://USER@HOST/system for another host.";

/// A failed libvirt call.
#[derive(Debug, thiserror::Error)]
pub enum LibvirtError {
    /// The daemon does not answer.
    #[error("libvirt does not answer at `{uri}`")]
    Unreachable {
        /// The connection URI.
        uri: String,
        /// What libvirt says.
        source: virt::error::Error,
    },
    /// What answers runs other things than machines.
    #[error("`{uri}` is the libvirt of {kind}, and cplan needs that of QEMU")]
    NotQemu {
        /// The connection URI.
        uri: String,
        /// What libvirt calls its driver: `LXC`.
        kind: String,
    },
    /// A call failed.
    #[error("libvirt refused to {what}: {}", message.trim_end())]
    Call {
        /// What was tried: "start the domain `x`".
        what: String,
        /// What libvirt says.
        message: String,
        /// The code.
        number: Option<ErrorNumber>,
    },
    /// XML that libvirt gave cannot be understood.
    #[error("the XML of {what} cannot be read")]
    Xml {
        /// Of what.
        what: String,
        /// Why.
        source: crate::xml::XmlError,
    },
    /// The library that speaks to the daemon is missing.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The thread of a call ended early.
    #[error("a libvirt call broke off")]
    Broken(#[from] tokio::task::JoinError),
}

impl LibvirtError {
    /// A failed call; `what` continues "libvirt refused to".
    pub fn call(what: impl Into<String>) -> impl FnOnce(virt::error::Error) -> LibvirtError {
        let what = what.into();
        move |e| LibvirtError::Call {
            what,
            message: e.message().to_owned(),
            number: match e.code() {
                virt::enumutil::Enum::Known(number) => Some(number),
                virt::enumutil::Enum::Unknown(_) => None,
            },
        }
    }

    /// Whether the object is not there.
    pub fn is_missing(&self) -> bool {
        use ErrorNumber::{NoDomain, NoNetwork};
        matches!(self, LibvirtError::Call { number: Some(NoDomain | NoNetwork), .. })
    }

    /// Whether the object is not in the state that the call needs, such as destroying what does not run.
    pub fn is_wrong_state(&self) -> bool {
        matches!(self, LibvirtError::Call { number: Some(ErrorNumber::OperationInvalid), .. })
    }
}

impl From<LibvirtError> for ProviderError {
    fn from(error: LibvirtError) -> Self {
        use ErrorNumber::{AccessDenied, AuthFailed, AuthUnavailable, OperationTimeout};
        match &error {
            LibvirtError::Unreachable { .. } => ProviderError::new(ErrorKind::Transient, error.to_string())
                .remedy("Run `cplan doctor`, which says what is missing and how to start it.")
                .source(error),
            LibvirtError::NotQemu { .. } => ProviderError::failed(error.to_string()).remedy(ADDRESS),
            LibvirtError::Library(library) => {
                let remedy = format!("`{}` installs it.", library.remedy());
                ProviderError::failed(error.to_string()).remedy(remedy).source(error)
            }
            LibvirtError::Call { number, .. } => {
                let kind = match number {
                    Some(AuthFailed | AuthUnavailable | AccessDenied) => ErrorKind::Denied,
                    Some(OperationTimeout) => ErrorKind::Transient,
                    _ if error.is_missing() => ErrorKind::NotFound,
                    _ => ErrorKind::Failed,
                };
                ProviderError::new(kind, error.to_string())
            }
            _ => ProviderError::failed(error.to_string()).source(error),
        }
    }
}

/// The connections of a process. Clones share them.
#[derive(Clone, Default)]
pub struct Client {
    settings: SharedSettings,
    open: Arc<Mutex<HashMap<String, Arc<Connect>>>>,
    reserved: Reserved,
}

impl Client {
    /// Connects where the settings say, when it is first needed.
    pub fn new(settings: SharedSettings) -> Self {
        Client { settings, ..Client::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &SharedSettings {
        &self.settings
    }

    /// What the networks of this host keep for others than the machines of the lab.
    pub(crate) fn reserved(&self) -> &Reserved {
        &self.reserved
    }

    /// Runs blocking libvirt calls with the connection on a thread of their own.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connect) -> Result<T, LibvirtError> + Send + 'static,
    ) -> Result<T, LibvirtError> {
        let client = self.clone();
        tokio::task::spawn_blocking(move || work(&*client.connect()?)).await?
    }

    fn connect(&self) -> Result<Arc<Connect>, LibvirtError> {
        library::load()?;
        // libvirt's own handler prints every error to standard error.
        static QUIET: Once = Once::new();
        QUIET.call_once(clear_error_callback);
        let uri = self.settings.get().uri;
        // Held while connecting: two first callers should not open two connections.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = open.get(&uri)
            && connection.is_alive().unwrap_or(false)
        {
            return Ok(connection.clone());
        }
        let connection =
            Connect::open(Some(&uri)).map_err(|source| LibvirtError::Unreachable { uri: uri.clone(), source })?;
        // libvirt's own made-up host is for tests; nothing comes to be there.
        match connection.driver_type() {
            Ok(kind) if kind != QEMU && kind != "TEST" => return Err(LibvirtError::NotQemu { uri, kind }),
            _ => {}
        }
        let connection = Arc::new(connection);
        open.insert(uri, connection.clone());
        Ok(connection)
    }
}
