//! The disks of a running domain, by libvirt calls that the `virt` crate does not have.
#![expect(unsafe_code, reason = "the calls are C; the pointers live as long as each call")]

use std::ffi::{CString, c_char, c_int, c_uint};

use virt::domain::Domain;
use virt::error::Error;
use virt::sys;

/// Sets how fast a disk may be read and written from now on, in bytes per second; `None` is no limit.
pub(super) fn throttle(domain: &Domain, disk: &str, read: Option<u64>, write: Option<u64>) -> Result<(), Error> {
    let mut limits = [limit("read_bytes_sec", read.unwrap_or(0)), limit("write_bytes_sec", write.unwrap_or(0))];
    let count = limits.len() as c_int;
    let disk = CString::new(disk).unwrap_or_default();
    // SAFETY: the domain is alive, the name ends in a zero byte, and the parameters are as many as is said.
    let result = unsafe {
        sys::virDomainSetBlockIoTune(
            domain.as_ptr(),
            disk.as_ptr(),
            limits.as_mut_ptr(),
            count,
            sys::VIR_DOMAIN_AFFECT_LIVE as c_uint,
        )
    };
    if result < 0 { Err(Error::last_error()) } else { Ok(()) }
}

fn limit(name: &str, bytes: u64) -> sys::virTypedParameter {
    let mut field = [0; sys::VIR_TYPED_PARAM_FIELD_LENGTH as usize];
    for (to, from) in field.iter_mut().zip(name.bytes()) {
        *to = from as c_char;
    }
    sys::virTypedParameter {
        field,
        type_: sys::VIR_TYPED_PARAM_ULLONG as c_int,
        value: sys::_virTypedParameterValue { ul: bytes },
    }
}

/// How large a disk looks to the guest, in bytes.
pub(super) fn capacity(domain: &Domain, disk: &str) -> Result<u64, Error> {
    let disk = CString::new(disk).unwrap_or_default();
    let mut info = sys::virDomainBlockInfo { capacity: 0, allocation: 0, physical: 0 };
    // SAFETY: the domain is alive, the name ends in a zero byte, and libvirt writes one such structure.
    let result = unsafe { sys::virDomainGetBlockInfo(domain.as_ptr(), disk.as_ptr(), &raw mut info, 0) };
    if result < 0 { Err(Error::last_error()) } else { Ok(info.capacity) }
}
