//! The initial RAM file system: a tree of files, packed so that the same tree always gives the same bytes.

mod closure;
mod cpio;
mod elf;
mod modules;
mod tree;
mod users;

pub(crate) use closure::{Pool, add_closure};
pub(crate) use cpio::pack;
pub(crate) use modules::{BOOT_MODULES, LAZY_MODULES, add_modules, is_module};
pub(crate) use tree::{Content, Node, Tree};
pub(crate) use users::{Users, system_users};

/// The magic number of LZ4's legacy frame, the only LZ4 format that the kernel reads and writes.
pub(crate) const LZ4_LEGACY_MAGIC: [u8; 4] = 0x184C_2102u32.to_le_bytes();

/// Each block of the legacy frame holds 8 MiB of plain data, the last one less.
pub(crate) const LZ4_LEGACY_BLOCK: usize = 8 << 20;

/// An LZ4 legacy frame: of the formats the kernel unpacks, the fastest under software emulation, faster also than
/// reading a plain archive through the firmware's slow path.
pub(crate) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut out = LZ4_LEGACY_MAGIC.to_vec();
    for block in plain.chunks(LZ4_LEGACY_BLOCK) {
        let packed = lz4_flex::block::compress(block);
        out.extend(u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(packed);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compresses_in_blocks_that_unpack_again() {
        let plain: Vec<u8> = (0..LZ4_LEGACY_BLOCK + 12_345).map(|i| (i / 7) as u8).collect();
        let packed = compress(&plain);
        assert_eq!(packed[..4], [0x02, 0x21, 0x4c, 0x18]);
        let first = u32::from_le_bytes(packed[4..8].try_into().unwrap()) as usize;
        let mut unpacked = lz4_flex::block::decompress(&packed[8..8 + first], LZ4_LEGACY_BLOCK).unwrap();
        unpacked.extend(lz4_flex::block::decompress(&packed[12 + first..], LZ4_LEGACY_BLOCK).unwrap());
        assert!(unpacked == plain);
    }
}
