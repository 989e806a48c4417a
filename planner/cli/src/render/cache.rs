//! The host's cache of images.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use cplan_libvirt::{CacheSurvey, CachedImage, Holder, Pruned};

use super::style::{Style, Tone};

/// One line per image and, below it, one per holder.
pub(crate) fn list(survey: &CacheSurvey, now: SystemTime, style: Style) -> String {
    let mut out = String::new();
    if survey.images.is_empty() {
        let _ = writeln!(out, "No images in {}.", survey.folder.display());
    } else {
        let _ = writeln!(out, "{:<12}  {:<8}  {:<6}  {:>9}  {:>7}  HOLDERS", "IMAGE", "FLAVOR", "ARCH", "SIZE", "AGE");
    }
    for image in &survey.images {
        let age = age(now.duration_since(image.made).unwrap_or_default());
        let CachedImage { flavor, arch, .. } = image;
        let _ = write!(out, "{:<12}  {flavor:<8}  {arch:<6}  {:>9}  {age:>7}  ", short(image), bytes(image.bytes));
        let holders: Vec<_> = image.holders.iter().map(holder).collect();
        let text = if holders.is_empty() { style.paint(Tone::Faint, "none") } else { holders.join("; ") };
        let _ = writeln!(out, "{text}{}", if image.whole { "" } else { " (not whole)" });
    }
    let images: u64 = survey.images.iter().map(|image| image.bytes).sum();
    let _ = writeln!(
        out,
        "\n{} images take up {}, {} package files {}, what broken-off work has left {}.",
        survey.images.len(),
        bytes(images),
        survey.packages.0,
        bytes(survey.packages.1),
        bytes(survey.leftovers)
    );
    out
}

/// What was removed, or would be.
pub(crate) fn pruned(pruned: &Pruned, dry_run: bool) -> String {
    let mut out = String::new();
    let (does, did) = if dry_run { ("would remove", "Would free") } else { ("removed", "Freed") };
    for image in &pruned.images {
        let _ = writeln!(out, "{does} image {} ({}, {})", short(image), image.flavor, bytes(image.bytes));
    }
    let _ = writeln!(
        out,
        "{did} {}: {} images, {} package files, {} leftovers of broken-off work.",
        bytes(pruned.bytes),
        pruned.images.len(),
        pruned.packages,
        pruned.leftovers
    );
    out
}

fn short(image: &CachedImage) -> &str {
    image.digest.get(..12).unwrap_or(&image.digest)
}

fn holder(holder: &Holder) -> String {
    match (&holder.folder, holder.gone) {
        (Some(folder), false) => format!("{} in {}", holder.name, folder.display()),
        (Some(folder), true) => format!("{} in {} (gone)", holder.name, folder.display()),
        (None, _) if holder.lab.is_empty() => holder.name.clone(),
        (None, _) => format!("{} of lab {}", holder.name, holder.lab),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        1_048_576..10_737_418_240 => format!("{} MiB", bytes / 1_048_576),
        _ => format!("{} GiB", bytes / 1_073_741_824),
    }
}

fn age(age: Duration) -> String {
    match age.as_secs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s @ 7_200..172_800 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(digest: &str, seconds: u64, holders: Vec<Holder>) -> CachedImage {
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - seconds);
        CachedImage {
            digest: digest.repeat(32),
            flavor: "systemd".into(),
            arch: "amd64".into(),
            whole: holders.is_empty(),
            bytes: 390 << 20,
            made,
            holders,
        }
    }

    #[test]
    fn an_image_has_its_size_its_age_and_its_holders() {
        let cache = tempfile::tempdir().unwrap();
        let mut survey = cplan_libvirt::survey(cache.path());
        assert!(list(&survey, SystemTime::now(), Style::plain()).starts_with("No images in "));
        survey.images = vec![image("a1", 90, vec![]), image("b2", 7200, vec![])];
        survey.packages = (145, 56 << 20);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(
            list(&survey, now, Style::plain()),
            "\
IMAGE         FLAVOR    ARCH         SIZE      AGE  HOLDERS
a1a1a1a1a1a1  systemd   amd64     390 MiB     90 s  none
b2b2b2b2b2b2  systemd   amd64     390 MiB      2 h  none

2 images take up 780 MiB, 145 package files 56 MiB, what broken-off work has left 0 B.
"
        );
        let gone = Pruned { images: survey.images, packages: 3, leftovers: 0, bytes: 11 << 30 };
        assert!(
            pruned(&gone, false)
                .ends_with("Freed 11 GiB: 2 images, 3 package files, 0 leftovers of broken-off work.\n")
        );
        assert!(pruned(&gone, true).starts_with("would remove image a1a1a1a1a1a1 (systemd, 390 MiB)\n"));
    }
}
