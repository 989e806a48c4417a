//! What is wrong with an image's block, before anything is made.

mod host;

use std::path::Path;

use cplan_model::{AttrPath, Diagnostic, Diagnostics, InstanceAddr, Step, Value};

use super::Flavor;
use super::wanted::{BIOS, UEFI};
use crate::arch::Arch;

pub(super) use host::host;

/// What one block says, as far as it is known.
pub(super) fn one(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let error = |id, summary: &str, what: String, remedy: &str, attribute| {
        Diagnostic::error(id, summary, what).remedy(remedy).attribute(AttrPath::attr(attribute))
    };
    found.extend(combined(config));
    let made_here = !["from", "path", "url"].into_iter().any(|name| is_given(config, name));
    if let Some(flavor) = text("flavor").filter(|_| made_here)
        && !matches!(Flavor::of(flavor), Some(Flavor::Micro | Flavor::Systemd))
    {
        let what = format!("`{flavor}` is not a flavor of images that are made here.");
        let remedy = "Write `micro` or `systemd`, or leave it out.";
        found.push(error("image-flavor", "Unknown image flavor", what, remedy, "flavor"));
    }
    if let Some(arch) = text("arch").filter(|a| Arch::of(a).is_none()) {
        let what = format!("`{arch}` is not an architecture of images.");
        found.push(error("image-arch", "Unknown architecture", what, "Write `amd64` or `arm64`.", "arch"));
    }
    found.extend(named_otherwise(config));
    if let Some(firmware) = text("firmware") {
        if ![BIOS, UEFI].contains(&firmware) {
            let what = format!("`{firmware}` is nothing that starts a disk.");
            found.push(error("image-firmware", "Unknown firmware", what, "Write `bios` or `uefi`.", "firmware"));
        } else if firmware == BIOS && text("arch") == Some(Arch::Arm64.name()) {
            let what = "Machines of arm64 start a disk through UEFI alone.".to_owned();
            let remedy = "Write `uefi`, or leave `firmware` out.";
            found.push(error("image-firmware", "Firmware does not fit", what, remedy, "firmware"));
        }
    }
    if let Some(suite) = text("suite").filter(|s| !is_suite(s)) {
        let what = format!("`{suite}` cannot be the name of a Debian release.");
        found.push(error("image-suite", "Invalid release", what, "Write its code name, such as `bookworm`.", "suite"));
    }
    if let Some(sha256) = text("sha256").filter(|s| s.len() != 64 || !s.bytes().all(|b| b.is_ascii_hexdigit())) {
        let what = format!("\"{sha256}\" is not a sha256.");
        let remedy = "Write the 64 hex digits that `sha256sum` prints of the file.";
        found.push(error("image-sha256", "Invalid digest", what, remedy, "sha256"));
    }
    let schemes = ["https://", "http://", "file:///"];
    if let Some(url) = text("url").filter(|url| !schemes.iter().any(|scheme| url.starts_with(scheme))) {
        let what = format!("\"{url}\" is not an address that can be fetched.");
        let remedy = "Begin it with `https://`, `http://` or `file:///`, or give a file of this host as `path`.";
        found.push(error("image-url", "Invalid address", what, remedy, "url"));
    }
    for (index, package) in config.get("packages").and_then(Value::as_slice).unwrap_or_default().iter().enumerate() {
        if let Some(name) = package.as_str().filter(|name| !is_package_name(name)) {
            let what = format!("`{name}` cannot be the name of a Debian package.");
            let diagnostic = Diagnostic::error("package-name", "Invalid package name", what);
            let path = AttrPath::attr("packages").then_index(index);
            found.push(diagnostic.remedy("Write the name alone, such as `mosquitto`.").attribute(path));
        }
    }
    for (path, file) in config.get("files").and_then(Value::as_map).into_iter().flatten() {
        found.extend(one_file(path, file));
    }
    found
}

/// A machine that starts from a disk of another architecture says nothing at all, until it is given up.
fn named_otherwise(config: &Value) -> Option<Diagnostic> {
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let (attribute, file) = ["path", "url"].into_iter().find_map(|name| Some((name, text(name)?)))?;
    let name = file.rsplit('/').next()?;
    let said = Arch::in_file_name(name)?;
    let own = if is_given(config, "arch") { text("arch").and_then(Arch::of)? } else { Arch::of_this_host() };
    if said == own {
        return None;
    }
    let (said, own) = (said.name(), own.name());
    let what = format!("`{name}` sounds like a disk of {said}, and the image is of {own}.");
    let diagnostic = Diagnostic::warning("image-arch-name", "File of another architecture", what);
    Some(diagnostic.remedy(format!("Write `arch = \"{said}\"` if it is one.")).attribute(AttrPath::attr(attribute)))
}

/// Unknown counts: it will be there.
fn is_given(config: &Value, name: &str) -> bool {
    config.get(name).is_some_and(|value| !value.is_null())
}

/// Attributes that do not go together.
fn combined(config: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let given = |name: &str| is_given(config, name);
    let mut error = |what: String, remedy: &str, attribute: &str| {
        let diagnostic = Diagnostic::error("image-source", "Attributes do not go together", what);
        found.push(diagnostic.remedy(remedy).attribute(AttrPath::attr(attribute)));
    };
    let sources: Vec<_> = ["path", "url", "from"].into_iter().filter(|name| given(name)).collect();
    if let [first, second, ..] = sources[..] {
        error(
            format!("An image begins with one thing, not with `{first}` and `{second}`."),
            "Leave one of them out.",
            second,
        );
    }
    match sources.first() {
        None => {
            for name in ["files", "run"].into_iter().filter(|name| given(name)) {
                let remedy = "Make an image without, and another one `from` it.";
                error(format!("`{name}` changes an image that is there, and there is no `from`."), remedy, name);
            }
            if given("firmware") {
                let what = "The kernel of an image that is made here is started directly, without `firmware`.";
                error(what.into(), "Leave it out.", "firmware");
            }
            if given("sha256") {
                error(
                    "`sha256` is the digest of a `path` or a `url`, and there is none.".into(),
                    "Leave it out.",
                    "sha256",
                );
            }
            let flavor = config.get("flavor").and_then(Value::as_str);
            if given("suite") && flavor.or(Some("micro").filter(|_| !given("flavor"))) == Some("micro") {
                let remedy = "Write `flavor = \"systemd\"`, or leave `suite` out.";
                error("A micro image is made of the host's release.".into(), remedy, "suite");
            }
        }
        Some(&"from") => {
            for name in ["flavor", "suite", "arch", "firmware", "sha256"].into_iter().filter(|name| given(name)) {
                error(format!("With `from`, `{name}` is that of the image below."), "Leave it out.", name);
            }
        }
        Some(source) => {
            for name in ["packages", "files", "run"].into_iter().filter(|name| given(name)) {
                let remedy = "Make another image `from` this one, with what is to be added.";
                error(format!("With `{source}`, the image is taken as it is, without `{name}`."), remedy, name);
            }
            for name in ["flavor", "suite"].into_iter().filter(|name| given(name)) {
                error(format!("With `{source}`, the image has its own `{name}`."), "Leave it out.", name);
            }
            if *source == "url" && !given("sha256") {
                let remedy = "Add `sha256`: the publisher's, or what `sha256sum` prints of a file that you trust.";
                error("Without a digest, anything could come from a `url`.".into(), remedy, "url");
            }
        }
    }
    found
}

fn one_file(path: &str, file: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let at = AttrPath::attr("files").then(Step::Key(path.into()));
    let mut error = |what: String, remedy: &str| {
        let diagnostic = Diagnostic::error("image-file", "Invalid file of an image", what);
        found.push(diagnostic.remedy(remedy).attribute(at.clone()));
    };
    let plain = path.starts_with('/') && !path.ends_with('/');
    if !plain || path.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
        error(format!("\"{path}\" is not the absolute path of a file."), "Write it whole, such as `/etc/motd`.");
    }
    if is_given(file, "content") == is_given(file, "source") {
        error(format!("\"{path}\" needs either `content` or `source`."), "Write one of them.");
    }
    let mode = file.get("mode").and_then(Value::as_str);
    if mode.is_some_and(|m| !(3..=4).contains(&m.len()) || u32::from_str_radix(m, 8).is_err()) {
        error(format!("\"{}\" is not a mode.", mode.unwrap_or_default()), "Write it in octal, such as `0644`.");
    }
    found
}

/// What is wrong with images that are planned, and with the files that they are made of.
pub(super) fn all(planned: &[(InstanceAddr, Value)]) -> Diagnostics {
    let mut found = Diagnostics::new();
    for (address, values) in planned {
        let mut error = |diagnostic: Diagnostic| found.push(diagnostic.address(address.clone()));
        let from = values.get("from").and_then(|from| from.get("flavor")).and_then(Value::as_str);
        if from == Some(Flavor::Micro.name()) {
            let what = "A micro image is made anew with other packages, and no other image is made of it.".to_owned();
            let diagnostic = Diagnostic::error("image-from-micro", "Image made of a micro image", what);
            let remedy = "Add the `packages` to the micro image, or begin with one of the flavor `systemd`.";
            error(diagnostic.remedy(remedy).attribute(AttrPath::attr("from")));
        }
        for (at, path) in host_files(values) {
            if let Err(why) = readable(Path::new(&path)) {
                let diagnostic = Diagnostic::error("image-path", "File cannot be read", format!("`{path}`: {why}."));
                let remedy = "Paths are relative to the folder where cplan runs; `path.module` helps.";
                error(diagnostic.remedy(remedy).attribute(at));
            }
        }
    }
    found
}

/// The files of this host that go in.
fn host_files(values: &Value) -> Vec<(AttrPath, String)> {
    let cloud = values.get("path").and_then(Value::as_str).map(|path| (AttrPath::attr("path"), path.to_owned()));
    let files = values.get("files").and_then(Value::as_map).into_iter().flatten();
    let files = files.filter_map(|(path, file)| {
        let source = file.get("source").and_then(Value::as_str)?;
        Some((AttrPath::attr("files").then(Step::Key(path.clone())), source.to_owned()))
    });
    cloud.into_iter().chain(files).collect()
}

/// Whether one of them cannot be read.
pub(super) fn unreadable(values: &Value) -> bool {
    host_files(values).iter().any(|(_, path)| readable(Path::new(path)).is_err())
}

fn readable(path: &Path) -> Result<(), String> {
    match std::fs::File::open(path).and_then(|file| file.metadata()) {
        Ok(facts) if facts.is_file() => Ok(()),
        Ok(_) => Err("it is no file".to_owned()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err("there is no such file".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

/// Debian policy §5.6.1: lower-case letters, digits, `+`, `-` and `.`, two at least, no sign first.
fn is_package_name(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c))
}

fn is_suite(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use cplan_model::Type;

    use super::*;

    #[test]
    fn refuses_what_is_no_package() {
        let config = |flavor: &str, package: &str| {
            Value::object([
                ("flavor", Value::string(flavor)),
                ("packages", Value::list(Type::String, [Value::string(package)])),
            ])
        };
        assert!(one(&config("micro", "mosquitto")).is_empty());
        assert!(one(&config("systemd", "g++")).is_empty());
        for (config, id) in [
            (config("docker", "dash"), "image-flavor"),
            (config("micro", "-oX=1"), "package-name"),
            (config("micro", "a=1.0"), "package-name"),
            (config("micro", "dash").with("arch", Value::string("x86")), "image-arch"),
            (config("systemd", "dash").with("suite", Value::string("12.1")), "image-suite"),
        ] {
            let diagnostics = one(&config);
            assert_eq!(diagnostics.iter().map(|d| d.id).collect::<Vec<_>>(), [id]);
            assert!(diagnostics.iter().all(|d| d.attribute.is_some() && !d.remedy.is_empty()));
        }
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let text =
            |pairs: &[(&str, &str)]| Value::object(pairs.iter().map(|(n, t)| ((*n).to_owned(), Value::string(*t))));
        let digest = "ab".repeat(32);
        assert!(one(&text(&[("url", "https://x/y"), ("sha256", &digest)])).is_empty());
        assert!(one(&text(&[("path", "/x")])).is_empty());
        assert!(one(&text(&[("arch", "arm64")])).is_empty());
        assert!(one(&text(&[("path", "/x"), ("arch", "arm64"), ("firmware", "uefi")])).is_empty());
        let old = one(&text(&[("path", "/x"), ("arch", "arm64"), ("firmware", "bios")]));
        assert_eq!(old.iter().map(|d| d.id).collect::<Vec<_>>(), ["image-firmware"]);
        for (config, attribute) in [
            (text(&[("path", "/x"), ("url", "https://x"), ("sha256", &digest)]), "url"),
            (text(&[("url", "https://x")]), "url"),
            (text(&[("path", "/x"), ("flavor", "micro")]), "flavor"),
            (text(&[("path", "/x"), ("run", "unknown")]), "run"),
            (text(&[("run", "true")]), "run"),
            (text(&[("suite", "trixie")]), "suite"),
            (text(&[("firmware", "uefi")]), "firmware"),
            (text(&[("from", "x"), ("firmware", "uefi")]), "firmware"),
            (text(&[("from", "x"), ("arch", "amd64")]), "arch"),
        ] {
            let found = one(&config);
            let all: Vec<_> = found.iter().map(|d| (d.id, d.attribute.clone().unwrap().to_string())).collect();
            assert_eq!(all, [("image-source", attribute.to_owned())], "{config:?}");
        }
    }
}
