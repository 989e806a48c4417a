//! The archive format of initial RAM file systems: "newc" cpio (Linux: Documentation/driver-api/early-userspace/buffer-format.rst).

use super::{Content, Node, Tree};

/// Packs a tree. Times are zero and inode numbers count up in the order of the paths, so equal trees give equal bytes.
pub(crate) fn pack(tree: &Tree) -> Vec<u8> {
    let mut out = Vec::new();
    for (inode, (path, node)) in (1u32..).zip(tree.iter()) {
        entry(&mut out, inode, path, node);
    }
    entry(&mut out, 0, "TRAILER!!!", &Node { mode: 0, owner: 0, content: Content::File(Vec::new()) });
    out
}

fn entry(out: &mut Vec<u8>, inode: u32, path: &str, node: &Node) {
    let (kind, data, device): (u32, &[u8], _) = match &node.content {
        Content::Dir => (0o040_000, &[], (0, 0)),
        Content::File(data) if inode == 0 => (0, data, (0, 0)),
        Content::File(data) => (0o100_000, data, (0, 0)),
        Content::Link(target) => (0o120_000, target.as_bytes(), (0, 0)),
        Content::Device(major, minor) => (0o020_000, &[], (*major, *minor)),
    };
    let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    // inode, mode, uid, gid, links, time, size, device of the file (2), device it stands for (2), name size, check
    let fields = [
        inode,
        kind | node.mode,
        node.owner,
        node.owner,
        1,
        0,
        length(data.len()),
        0,
        0,
        device.0,
        device.1,
        length(path.len() + 1),
        0,
    ];
    out.extend(b"070701");
    for field in fields {
        out.extend(format!("{field:08X}").bytes());
    }
    out.extend(path.bytes());
    out.push(0);
    align(out);
    out.extend(data);
    align(out);
}

/// Names and data end on multiples of four, counted from the start of the archive.
fn align(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_newc() {
        let mut tree = Tree::default();
        tree.file("etc/a", 0o644, "hello");
        tree.link("b", "etc/a");
        tree.device("dev/console", 0o600, 5, 1);
        let bytes = pack(&tree);
        let zeros = "00000000";
        let first = format!("07070100000001000041ED{zeros}{zeros}00000001{zeros}{zeros}{zeros}{zeros}{zeros}{zeros}");
        // `b` sorts first: a link with its target as data.
        let link = format!(
            "070701000000010000A1FF{zeros}{zeros}00000001{zeros}00000005{zeros}{zeros}{zeros}{zeros}00000002{zeros}b\0etc/a\0\0\0"
        );
        assert!(bytes.starts_with(link.as_bytes()), "{}", String::from_utf8_lossy(&bytes[..140]));
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains("0000000500000001"), "the console's numbers");
        assert!(text.contains("etc/a\0") && text.contains("hello\0\0\0"));
        assert!(text.contains("TRAILER!!!\0"));
        assert!(!text.contains(&first), "inode 1 is the link, not a folder");
        assert_eq!(bytes, pack(&tree.clone()));
    }
}
