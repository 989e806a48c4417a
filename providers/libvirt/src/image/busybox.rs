//! The names of busybox's programs, out of its file: one of another architecture cannot be asked.

/// In its table of names, sorted, these two come first (busybox: include/applet_tables.h).
const FIRST: &[u8] = b"[\0[[\0";

/// All names in the order of the table, which an empty one ends; `None` of a file that has none.
pub(super) fn applets(program: &[u8]) -> Option<Vec<String>> {
    let start = program.windows(FIRST.len()).position(|window| window == FIRST)?;
    let names = program[start..].split(|byte| *byte == 0).take_while(|name| !name.is_empty());
    names.map(|name| String::from_utf8(name.to_vec()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table_to_its_end() {
        let program = b"\x7fELF code[[ \0\x01[\0[[\0acpid\0zcat\0\0usage\0";
        assert_eq!(applets(program).unwrap(), ["[", "[[", "acpid", "zcat"]);
        assert_eq!(applets(b"\x7fELF"), None);
    }
}
