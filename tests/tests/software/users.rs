//! Machines whose user is not root.

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines};

const TOPOLOGY: &str = r#"
resource "lab_file" "f" {
  machine = local.machines.a
  path    = "/etc/note"
  content = "a note"
}
"#;

/// The machine has no real `sudo`: what stands for it says what sudo(8) says, word for word.
#[test]
fn a_user_who_cannot_become_root_is_told() {
    if !capable() {
        return;
    }
    let mut machine = Debian::start("a", &Repository::new());
    machine.run("chmod 755 /test && touch /test/commands && chmod 666 /test/commands && useradd -m -p '*' -s /bin/sh somebody").expect(0);
    machine.access.user = "somebody".to_owned();
    let folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    let sudo = |text: &str| {
        machine.run(&format!("printf '#!/bin/sh\\n%s\\n' '{text}' >/usr/bin/sudo; chmod 4755 /usr/bin/sudo")).expect(0);
    };
    let refused = || folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    let said = refused();
    assert!(said.contains("ser `somebody` cannot become root on machine `a`") && said.contains("not found"), "{said}");
    sudo("echo sudo: a password is required >&2; exit 1");
    let said = refused();
    assert!(said.contains("a password is required") && said.contains("NOPASSWD"), "{said}");

    // With a way to become root all works; without it again, the read says why it does not.
    machine.run("cp /usr/bin/setpriv /usr/bin/become && chmod 4755 /usr/bin/become").expect(0);
    sudo("shift; exec /usr/bin/become --reuid=0 --regid=0 --clear-groups \"$@\"");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    sudo("echo sudo: a password is required >&2; exit 1");
    let said = folder.cplan(&["plan"]).expect(1).text();
    assert!(said.contains("cannot become root") && said.contains("NOPASSWD"), "{said}");
}
