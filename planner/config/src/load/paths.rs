//! Paths as users should see them.

use std::path::{Component, Path, PathBuf};

/// Without `.` and, where it does not change the meaning of names above the root, without `..`.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// The way from `base` to `path`, both absolute and clean.
pub(super) fn relative(path: &Path, base: &Path) -> PathBuf {
    let (a, b): (Vec<_>, Vec<_>) = (path.components().collect(), base.components().collect());
    let shared = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let up = std::iter::repeat_n(Component::ParentDir, b.len() - shared);
    up.chain(a[shared..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_up_and_down() {
        assert_eq!(clean(Path::new("/a/b/../c/./d")), Path::new("/a/c/d"));
        assert_eq!(relative(Path::new("/a/m/x.tf"), Path::new("/a/e/y")), Path::new("../../m/x.tf"));
        assert_eq!(relative(Path::new("/a/e/y/x.tf"), Path::new("/a/e/y")), Path::new("x.tf"));
    }
}
