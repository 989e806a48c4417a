//! The closure of programs over shared libraries.

use std::collections::BTreeMap;

use super::elf::needed;
use super::{Content, Tree};
use crate::arch::Arch;

/// Libraries that are opened by name at run time, and so stand in no NEEDED list: glibc's thread cancellation.
const OPENED_AT_RUN_TIME: [&str; 1] = ["libgcc_s.so.1"];

/// Shared libraries by the name that programs ask for.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    libraries: BTreeMap<String, Vec<u8>>,
}

impl Pool {
    /// Adds every shared library of a package, under its file's and its links' names.
    pub(crate) fn add(&mut self, package: &Tree) {
        for (path, node) in package.iter() {
            let name = path.rsplit('/').next().unwrap_or(path);
            if name.contains(".so")
                && !matches!(node.content, Content::Dir)
                && let Some(data) = package.data(path)
            {
                self.libraries.entry(name.to_owned()).or_insert_with(|| data.to_vec());
            }
        }
    }
}

/// Adds to a tree, from the pool, every library that its programs and their libraries need. The error names the first
/// that is nowhere, with the file that needs it.
pub(crate) fn add_closure(tree: &mut Tree, pool: &Pool, arch: Arch) -> Result<(), (String, String)> {
    let folder = arch.library_dir();
    let mut open: Vec<(String, String)> = Vec::new();
    for (path, node) in tree.iter() {
        if let Content::File(data) = &node.content {
            open.extend(needed(data).into_iter().map(|name| (name, path.to_owned())));
        }
    }
    if !open.is_empty() {
        let extra = OPENED_AT_RUN_TIME.iter().filter(|name| pool.libraries.contains_key(**name));
        open.extend(extra.map(|name| ((*name).to_owned(), String::new())));
    }
    while let Some((name, wanted_by)) = open.pop() {
        // The loader is found by its absolute path, everything else through the default library folders.
        let path = format!("{folder}/{name}");
        if name.starts_with("ld-linux") {
            tree.link(&format!("{}/{name}", arch.loader_dir()), &format!("../{}", path.trim_start_matches("usr/")));
        }
        if tree.contains(&path) {
            continue;
        }
        let Some(data) = pool.libraries.get(&name) else { return Err((name, wanted_by)) };
        open.extend(needed(data).into_iter().map(|next| (next, path.clone())));
        tree.file(&path, 0o755, data.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest ELF file with a dynamic section: a header, two program headers, strings and NEEDED entries.
    fn elf(libraries: &[&str]) -> Vec<u8> {
        let mut strings = vec![0u8];
        let mut dynamic: Vec<u64> = Vec::new();
        for library in libraries {
            dynamic.extend([1, strings.len() as u64]); // DT_NEEDED
            strings.extend(library.bytes());
            strings.push(0);
        }
        let strings_at = 64 + 2 * 56;
        let dynamic_at = (strings_at + strings.len()).next_multiple_of(8);
        dynamic.extend([5, strings_at as u64, 10, strings.len() as u64, 0, 0]); // DT_STRTAB, DT_STRSZ, DT_NULL
        let total = (dynamic_at + dynamic.len() * 8) as u64;
        let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        out.extend(3u16.to_le_bytes()); // shared object
        out.extend(62u16.to_le_bytes()); // x86-64
        out.extend(1u32.to_le_bytes());
        out.extend([0u64, 64, 0].map(u64::to_le_bytes).concat()); // entry, program headers, section headers
        out.extend(0u32.to_le_bytes());
        out.extend([64u16, 56, 2, 64, 0, 0].map(u16::to_le_bytes).concat());
        for (kind, from, size) in [(1u32, 0, total), (2, dynamic_at as u64, dynamic.len() as u64 * 8)] {
            out.extend(kind.to_le_bytes());
            out.extend(4u32.to_le_bytes());
            out.extend([from, from, from, size, size, 8].map(u64::to_le_bytes).concat());
        }
        out.extend(strings);
        out.resize(dynamic_at, 0);
        out.extend(dynamic.into_iter().flat_map(u64::to_le_bytes));
        out
    }

    #[test]
    fn follows_what_libraries_need() {
        let mut package = Tree::default();
        package.file("lib/x86_64-linux-gnu/libb.so.1.0", 0o644, elf(&["libc.so.6"]));
        package.link("lib/x86_64-linux-gnu/libb.so.1", "libb.so.1.0");
        package.file("lib/x86_64-linux-gnu/libc.so.6", 0o755, elf(&[]));
        package.file("lib/x86_64-linux-gnu/libunused.so.1", 0o644, elf(&[]));
        let mut pool = Pool::default();
        pool.add(&package);

        let mut tree = Tree::merged_usr();
        tree.file("usr/bin/a", 0o755, elf(&["libb.so.1"]));
        add_closure(&mut tree, &pool, Arch::Amd64).unwrap();
        assert!(tree.contains("usr/lib/x86_64-linux-gnu/libb.so.1"));
        assert!(tree.contains("usr/lib/x86_64-linux-gnu/libc.so.6"));
        assert!(!tree.contains("usr/lib/x86_64-linux-gnu/libunused.so.1"));

        tree.file("usr/bin/c", 0o755, elf(&["libgone.so.2"]));
        assert_eq!(add_closure(&mut tree, &pool, Arch::Amd64), Err(("libgone.so.2".into(), "usr/bin/c".into())));
    }

    #[test]
    fn scripts_need_nothing() {
        let mut tree = Tree::default();
        tree.file("usr/bin/s", 0o755, "#!/bin/sh\n");
        assert_eq!(add_closure(&mut tree, &Pool::default(), Arch::Arm64), Ok(()));
    }
}
