//! A tree of files in memory, with `/usr` merged as Debian has it.

use std::collections::BTreeMap;

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing of its own.
    Dir,
    /// A regular file.
    File(Vec<u8>),
    /// A symbolic link with its target.
    Link(String),
    /// A character device with its major and minor number.
    Device(u32, u32),
}

/// One file, folder, link or device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Permission bits.
    pub(crate) mode: u32,
    /// The owner and, as its group, the same number.
    pub(crate) owner: u32,
    /// What it holds.
    pub(crate) content: Content,
}

/// Nodes by path, without a slash in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// A root with the folders that Debian merged into `/usr` as links.
    pub(crate) fn merged_usr() -> Self {
        let mut tree = Tree::default();
        for name in ["bin", "lib", "lib64", "sbin"] {
            tree.dir(&format!("usr/{name}"), 0o755);
            tree.nodes
                .insert(name.to_owned(), Node { mode: 0o777, owner: 0, content: Content::Link(format!("usr/{name}")) });
        }
        tree
    }

    /// A path without `./`, slashes at its ends, and the folders that are merged into `/usr`.
    pub(crate) fn normal(path: &str) -> String {
        let path = path.trim_start_matches("./").trim_matches('/');
        let first = path.split('/').next().unwrap_or("");
        if path != first && matches!(first, "bin" | "lib" | "lib64" | "sbin") {
            format!("usr/{path}")
        } else {
            path.to_owned()
        }
    }

    /// Puts a node at a path, replacing what is there, and makes the folders above it.
    pub(crate) fn insert(&mut self, path: &str, node: Node) {
        let path = Self::normal(path);
        let mut above = path.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            self.nodes.entry(parent.to_owned()).or_insert(Node { mode: 0o755, owner: 0, content: Content::Dir });
            above = parent;
        }
        self.nodes.insert(path, node);
    }

    /// Puts a folder.
    pub(crate) fn dir(&mut self, path: &str, mode: u32) {
        self.insert(path, Node { mode, owner: 0, content: Content::Dir });
    }

    /// Puts a file.
    pub(crate) fn file(&mut self, path: &str, mode: u32, data: impl Into<Vec<u8>>) {
        self.insert(path, Node { mode, owner: 0, content: Content::File(data.into()) });
    }

    /// Puts a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.insert(path, Node { mode: 0o777, owner: 0, content: Content::Link(target.to_owned()) });
    }

    /// Puts a character device.
    pub(crate) fn device(&mut self, path: &str, mode: u32, major: u32, minor: u32) {
        self.insert(path, Node { mode, owner: 0, content: Content::Device(major, minor) });
    }

    /// The node at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(&Self::normal(path))
    }

    /// The node at a path, to change it.
    pub(crate) fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.nodes.get_mut(&Self::normal(path))
    }

    /// Whether anything is at a path.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Paths and nodes in order; a folder comes before what it holds.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// The data of a file, through at most eight links.
    pub(crate) fn data(&self, path: &str) -> Option<&[u8]> {
        let mut path = Self::normal(path);
        for _ in 0..8 {
            match &self.nodes.get(&path)?.content {
                Content::File(data) => return Some(data),
                Content::Link(target) => path = Self::normal(&resolve(&path, target)),
                _ => return None,
            }
        }
        None
    }
}

/// Where a link at `path` points, from the root.
fn resolve(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let mut parts: Vec<_> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_usr_and_follows_links() {
        let mut tree = Tree::merged_usr();
        tree.file("./lib/x86_64-linux-gnu/libz.so.1.2", 0o644, "elf");
        tree.link("/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.2");
        tree.link("usr/lib/up.so", "../lib/x86_64-linux-gnu/libz.so.1");
        assert!(tree.contains("usr/lib/x86_64-linux-gnu"));
        assert_eq!(tree.data("usr/lib/up.so"), Some(&b"elf"[..]));
        assert_eq!(tree.get("bin").map(|n| &n.content), Some(&Content::Link("usr/bin".into())));
        tree.link("loop", "loop");
        assert_eq!(tree.data("loop"), None);
    }
}
