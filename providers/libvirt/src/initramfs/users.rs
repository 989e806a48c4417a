//! System users: root, and those that packages would make when they are installed.

use std::collections::BTreeMap;

use super::Tree;

/// A system user with its home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Users {
    homes: BTreeMap<String, String>,
}

/// The system users that a maintainer script makes with `adduser --system` or `useradd --system`/`-r`: name and home.
pub(crate) fn system_users(script: &str) -> Vec<(String, String)> {
    let joined = script.replace("\\\n", " ");
    let mut users = Vec::new();
    for line in joined.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().take_while(|w| !matches!(*w, "||" | "&&" | ";" | "#")).collect();
        let Some(at) = words.iter().position(|w| matches!(w.rsplit('/').next(), Some("adduser" | "useradd"))) else {
            continue;
        };
        let arguments = &words[at + 1..];
        if !arguments.iter().any(|w| matches!(*w, "--system" | "-r")) {
            continue;
        }
        let mut home = "/nonexistent".to_owned();
        let mut names = Vec::new();
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            let (option, inline) = word.split_once('=').map_or((*word, None), |(o, v)| (o, Some(v)));
            match option {
                "--home" | "--home-dir" | "-d" => {
                    home = inline
                        .or_else(|| rest.next().copied())
                        .unwrap_or("/nonexistent")
                        .trim_matches(['"', '\''])
                        .into();
                }
                "--shell" | "-s" | "--ingroup" | "--gecos" | "-c" | "-g" | "--gid" | "--uid" | "-u" | "--comment" => {
                    // A quoted text may be several words.
                    let value = inline.or_else(|| rest.next().copied()).unwrap_or("");
                    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                        let mut last = value;
                        while !(last.len() > usize::from(last == value) && last.ends_with(quote)) {
                            let Some(next) = rest.next() else { break };
                            last = next;
                        }
                    }
                }
                option if option.starts_with('-') => {}
                name => names.push(name.trim_matches(['"', '\'', ';'])),
            }
        }
        // A name from a variable cannot be known without running the script.
        if let Some(name) = names.first().filter(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))) {
            users.push(((*name).to_owned(), home));
        }
    }
    users
}

impl Users {
    /// Adds a user, once.
    pub(crate) fn add(&mut self, name: String, home: String) {
        self.homes.entry(name).or_insert(home);
    }

    /// Writes `passwd`, `group` and `shadow` (no user has a password) and gives each user the folders under `/var`
    /// that bear its name, as maintainer scripts do.
    pub(crate) fn install(&self, tree: &mut Tree) {
        let mut passwd = "root:x:0:0:root:/root:/bin/sh\n".to_owned();
        let mut group = "root:x:0:\ntty:x:5:\n".to_owned();
        let mut shadow = "root:*:19000:0:99999:7:::\n".to_owned();
        for (id, (name, home)) in (100u32..).zip(&self.homes) {
            passwd.push_str(&format!("{name}:x:{id}:{id}::{home}:/usr/sbin/nologin\n"));
            group.push_str(&format!("{name}:x:{id}:\n"));
            shadow.push_str(&format!("{name}:*:19000:0:99999:7:::\n"));
            for parent in ["cache", "lib", "log", "spool"] {
                if let Some(node) = tree.get_mut(&format!("var/{parent}/{name}")) {
                    node.owner = id;
                }
            }
        }
        passwd.push_str("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
        group.push_str("nogroup:x:65534:\n");
        tree.file("etc/passwd", 0o644, passwd);
        tree.file("etc/group", 0o644, group);
        tree.file("etc/shadow", 0o600, shadow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_spellings() {
        let script = "set -e\n\
            adduser --quiet --system --no-create-home --ingroup mosquitto --home /var/lib/mosquitto --shell /usr/sbin/nologin mosquitto\n\
            addgroup --system --quiet ntp\n\
            adduser --system --quiet --ingroup ntp \\\n  --gecos \"NTP daemon user\" --home=/run/ntp ntp || true\n\
            useradd -r -d /srv/x -s /bin/false x-y\n\
            adduser --system \"$USER\"\n\
            adduser somebody\n";
        let users = system_users(script);
        let expected = [("mosquitto", "/var/lib/mosquitto"), ("ntp", "/run/ntp"), ("x-y", "/srv/x")]
            .map(|(a, b)| (a.into(), b.into()));
        assert_eq!(users, expected);
    }

    #[test]
    fn gives_users_their_folders() {
        let mut tree = Tree::default();
        tree.dir("var/lib/mosquitto", 0o755);
        let mut users = Users::default();
        users.add("mosquitto".into(), "/var/lib/mosquitto".into());
        users.install(&mut tree);
        assert_eq!(tree.get("var/lib/mosquitto").unwrap().owner, 100);
        let passwd = String::from_utf8(tree.data("etc/passwd").unwrap().to_vec()).unwrap();
        assert!(passwd.contains("mosquitto:x:100:100::/var/lib/mosquitto:/usr/sbin/nologin\n"));
    }
}
