//! What is asked of ELF files: the libraries that a program needs, and the notes that a kernel module carries.

use goblin::elf::Elf;

/// The names of the shared libraries (DT_NEEDED) and the loader that an ELF file asks for; empty for anything else.
pub(crate) fn needed(data: &[u8]) -> Vec<String> {
    if !data.starts_with(b"\x7fELF") {
        return Vec::new();
    }
    let Ok(elf) = Elf::parse(data) else { return Vec::new() };
    let loader = elf.interpreter.and_then(|path| path.rsplit('/').next());
    elf.libraries.iter().copied().chain(loader).map(str::to_owned).collect()
}

/// The values of a key in a kernel module's `.modinfo` section (`depends`, `alias`).
pub(crate) fn module_info(data: &[u8], key: &str) -> Vec<String> {
    let Ok(elf) = Elf::parse(data) else { return Vec::new() };
    let section = elf.section_headers.iter().find(|s| elf.shdr_strtab.get_at(s.sh_name) == Some(".modinfo"));
    let Some(bytes) = section.and_then(|s| s.file_range()).and_then(|range| data.get(range)) else {
        return Vec::new();
    };
    bytes
        .split(|b| *b == 0)
        .filter_map(|note| std::str::from_utf8(note).ok()?.split_once('='))
        .filter(|(name, value)| *name == key && !value.is_empty())
        .map(|(_, value)| value.to_owned())
        .collect()
}
