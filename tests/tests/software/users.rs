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
    let said = folder.cplan(&["plan", "-detailed-exitcode"]).expect(2).text();
    assert!(said.contains("could not be read: user `somebody` cannot become root"), "{said}");
    let said = refused();
    assert!(said.contains("cannot become root") && said.contains("NOPASSWD"), "{said}");
}

/// A greeting in a `.bashrc` stands before everything that bash is asked for.
#[test]
fn a_login_shell_that_greets_is_not_listened_to() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    machine.run("printf 'echo absent; echo oops >&2; printf welcome\\n' >/root/.bashrc").expect(0);
    let mut folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    folder.set("LC_ALL", "C");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("test ! -e /etc/note && test ! -e /var/lib/cplan").expect(0);
}

/// The same machine under another address, user or key keeps what is on it; a read that was refused does not stand in the way.
#[test]
fn a_machine_is_reached_another_way() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let access = &machine.access;
    let folder = Folder::new();
    let reached = |address: &str, key: &str| {
        let key_file = access.key_file.with_file_name(key);
        folder.write(
            "main.hcl",
            &format!(
                "resource \"lab_machine\" \"a\" {{\n  name     = \"a\"\n  existing = {{ address = \"{address}\", port = {}, host_key = \"{}\", \
                 key_file = \"{}\" }}\n}}\nresource \"lab_command\" \"c\" {{\n  machine = lab_machine.a.access\n  apply   = \"echo run >>/opt/runs\"\n  \
                 remove  = \"rm /opt/runs\"\n}}\nresource \"lab_forward\" \"f\" {{\n  machine     = lab_machine.a.access\n  remote_port = 22\n}}\n",
                access.port,
                access.host_key,
                key_file.display()
            ),
        );
    };
    reached("127.0.0.1", "client");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    reached("localhost", "client");
    let plan = folder.cplan(&["plan"]).expect(0).text();
    assert!(plan.contains("0 to add, 3 to change, 0 to destroy"), "{plan}");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);

    // The machine takes another key by now: told first, and done once the configuration says so.
    machine.run("cd /test && cp host new && chmod 600 new && cp host.pub client.pub").expect(0);
    let refused = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(refused.contains("efuses the key") && refused.contains("authorized_keys"), "{refused}");
    reached("localhost", "new");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    assert_eq!(machine.run("cat /opt/runs").stdout, "run\n");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("test ! -e /opt/runs && test ! -e /var/lib/cplan").expect(0);
}
