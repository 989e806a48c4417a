//! The kernel out of its self-extracting wrapper.

use goblin::elf::Elf;

use crate::initramfs::{LZ4_LEGACY_BLOCK, LZ4_LEGACY_MAGIC};

/// The note by which a kernel says where it can be entered in 32-bit mode (Xen's PVH), which QEMU's `-kernel` uses.
const XEN_ELFNOTE_PHYS32_ENTRY: u32 = 18;

/// The plain ELF kernel in a bzImage, if it is packed with LZ4 and QEMU can enter it directly. That spares the guest
/// from unpacking 50 MB under emulation, a tenth of its boot (Linux: Documentation/x86/boot.rst, `payload_offset`).
pub(crate) fn plain_kernel(image: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?) as usize);
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let setup_sectors = match image.get(0x1f1)? {
        0 => 4,
        n => usize::from(*n),
    };
    let start = (setup_sectors + 1) * 512 + word(0x248)?;
    // The payload's last four bytes are its unpacked length.
    let end = start.checked_add(word(0x24c)?.checked_sub(4)?)?;
    let kernel = unpack(image.get(start..end)?)?;
    let elf = Elf::parse(&kernel).ok()?;
    let enterable = elf
        .iter_note_headers(&kernel)?
        .flatten()
        .any(|note| note.n_type == XEN_ELFNOTE_PHYS32_ENTRY && note.name.trim_end_matches('\0') == "Xen");
    enterable.then_some(kernel)
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut rest = packed.strip_prefix(&LZ4_LEGACY_MAGIC)?;
    let mut out = Vec::new();
    while let Some((size, tail)) = rest.split_at_checked(4) {
        let size = u32::from_le_bytes(size.try_into().ok()?) as usize;
        let (block, tail) = tail.split_at_checked(size)?;
        out.extend(lz4_flex::block::decompress(block, LZ4_LEGACY_BLOCK).ok()?);
        rest = tail;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_alone_what_it_does_not_know() {
        assert_eq!(plain_kernel(b"MZ"), None);
        let mut image = vec![0u8; 4096];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x24c] = 200;
        assert_eq!(plain_kernel(&image), None, "a payload that is not LZ4");
        assert_eq!(
            unpack(&crate::initramfs::compress(b"kernel kernel kernel")),
            Some(b"kernel kernel kernel".to_vec())
        );
    }
}
