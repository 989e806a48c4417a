//! libvirt's shared library, loaded when it is first needed: with the 57 libraries that it needs itself it takes the
//! dynamic linker longer to load than most commands take, and most commands, and hosts with no machines on them, do not
//! need it.
//!
//! Each function that the crate `virt` calls is defined here as one jump through a slot, so the linker finds it in the
//! program and does not make the program need `libvirt.so.0`. [`load`] fills the slots. On architectures whose jump is not
//! here the library is linked as usual.
#![expect(unsafe_code, reason = "functions of a C library, found by their names")]

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod functions;

/// Why libvirt's library cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It is not there, or one that it needs is not.
    #[error("the library `{}` cannot be loaded", LIBRARY)]
    Missing(#[source] libloading::Error),
    /// A function is not in it.
    #[error("the library `{}` has no `{function}`: it is older than libvirt 6.0", LIBRARY)]
    Old {
        /// The function.
        function: &'static str,
        /// What the dynamic linker says.
        source: libloading::Error,
    },
}

impl LibraryError {
    /// The command that installs what is missing.
    pub fn remedy(&self) -> &'static str {
        match self {
            LibraryError::Missing(_) => "apt-get install -y libvirt0",
            LibraryError::Old { .. } => "apt-get install -y --only-upgrade libvirt0",
        }
    }
}

/// The name that its binary interface goes by, since 2005.
const LIBRARY: &str = "libvirt.so.0";

/// Makes libvirt's functions callable; does nothing where they are already. To be called before any of them.
///
/// # Errors
///
/// [`LibraryError`], if the library is not installed or too old.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) fn load() -> Result<(), LibraryError> {
    use std::sync::Mutex;
    use std::sync::PoisonError;
    use std::sync::atomic::Ordering;

    static LOADED: Mutex<bool> = Mutex::new(false);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if *loaded {
        return Ok(());
    }
    // SAFETY: libvirt's library may be loaded by any thread at any time; what it sets up needs nothing of us.
    let library = unsafe { libloading::Library::new(LIBRARY) }.map_err(LibraryError::Missing)?;
    for &(function, slot) in functions::SLOTS {
        // SAFETY: only the address is taken here; who calls it declares it as the crate `virt-sys` does.
        let found = unsafe { library.get::<unsafe extern "C" fn()>(function) };
        let found = found.map_err(|source| LibraryError::Old { function, source })?;
        slot.store(*found as *mut (), Ordering::Release);
    }
    // The slots lead into it until the process ends.
    std::mem::forget(library);
    *loaded = true;
    Ok(())
}

/// The library was linked.
///
/// # Errors
///
/// None.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn load() -> Result<(), LibraryError> {
    Ok(())
}
