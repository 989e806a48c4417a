//! What is wrong with an image's block, before anything is made.

use cplan_model::{AttrPath, Diagnostic, Diagnostics, Value};

use super::Flavor;
use super::wanted::ARCHITECTURES;

/// What one block says, as far as it is known.
pub(super) fn one(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let error = |id, summary: &str, what: String, remedy: &str, attribute| {
        Diagnostic::error(id, summary, what).remedy(remedy).attribute(AttrPath::attr(attribute))
    };
    if let Some(flavor) = text("flavor").filter(|f| !matches!(Flavor::of(f), Some(Flavor::Micro | Flavor::Systemd))) {
        let what = format!("`{flavor}` is not a flavor of images.");
        let remedy = "Write `micro` or `systemd`, or leave it out.";
        found.push(error("image-flavor", "Unknown image flavor", what, remedy, "flavor"));
    }
    if let Some(arch) = text("arch").filter(|a| !ARCHITECTURES.contains(a)) {
        let what = format!("`{arch}` is not an architecture of images.");
        found.push(error("image-arch", "Unknown architecture", what, "Write `amd64` or `arm64`.", "arch"));
    }
    if let Some(suite) = text("suite").filter(|s| !is_suite(s)) {
        let what = format!("`{suite}` cannot be the name of a Debian release.");
        found.push(error("image-suite", "Invalid release", what, "Write its code name, such as `bookworm`.", "suite"));
    }
    for (index, package) in config.get("packages").and_then(Value::as_slice).unwrap_or_default().iter().enumerate() {
        if let Some(name) = package.as_str().filter(|name| !is_package_name(name)) {
            let what = format!("`{name}` cannot be the name of a Debian package.");
            let diagnostic = Diagnostic::error("package-name", "Invalid package name", what);
            let path = AttrPath::attr("packages").then_index(index);
            found.push(diagnostic.remedy("Write the name alone, such as `mosquitto`.").attribute(path));
        }
    }
    found
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
            (config("micro", "dash").with("suite", Value::string("12.1")), "image-suite"),
        ] {
            let diagnostics = one(&config);
            assert_eq!(diagnostics.iter().map(|d| d.id).collect::<Vec<_>>(), [id]);
            assert!(diagnostics.iter().all(|d| d.attribute.is_some() && !d.remedy.is_empty()));
        }
    }
}
