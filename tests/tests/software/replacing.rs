//! Objects that are made anew, in the place of the old ones, before those go.

use std::net::TcpStream;

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines};

const UNIT: &str = "[Service]\\nExecStart=/bin/sleep 1000000\\n[Install]\\nWantedBy=multi-user.target\\n";

/// The old one's delete takes nothing away that the new one has just made, and in the end nothing is left of either.
#[test]
fn what_takes_the_place_of_another_stays_when_that_goes() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    machine.run("mkdir -p /srv/before && chmod 700 /srv/before && echo before >/srv/before/kept").expect(0);
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).unwrap().port();
    let block = |ty: &str, name: &str, rest: &str| {
        format!(
            "resource \"{ty}\" \"{name}\" {{\n  machine = local.machines.a\n  {rest}\n  lifecycle {{\n    create_before_destroy = true\n    \
             replace_triggered_by = [terraform_data.again]\n  }}\n}}\n"
        )
    };
    let folder = Folder::new();
    let write = |again: usize, content: &str| {
        let parts = [
            machines(std::slice::from_ref(&machine)),
            format!("resource \"terraform_data\" \"again\" {{\n  input = {again}\n}}\n"),
            block("lab_file", "f", &format!("path = \"/srv/new/deep/f\"\n  content = \"{content}\"")),
            block(
                "lab_file",
                "kept",
                &format!("path = \"/srv/before/kept\"\n  content = \"{content}\"\n  overwrite = true"),
            ),
            block("lab_file", "d", "path = \"/srv/d\"\n  directory = true"),
            block("lab_file", "before", "path = \"/srv/before\"\n  directory = true\n  mode = \"0755\""),
            block("lab_file", "unit", &format!("path = \"/etc/systemd/system/it.service\"\n  content = \"{UNIT}\"")),
            block("lab_service", "it", "name = \"it\"\n  depends_on = [lab_file.unit]"),
            block("lab_command", "c", "apply = \"echo x >>/srv/runs\"\n  remove = \"rm /srv/runs\""),
            block("lab_forward", "w", &format!("local_port = {port}\n  remote_port = {}", machine.access.port)),
        ];
        folder.write("main.hcl", &parts.concat());
    };
    for again in 0..3 {
        // The first time all is as it was, then the content changes as well.
        let content = ["one", "one", "two"][again];
        write(again, content);
        folder.cplan(&["apply", "-auto-approve"]).expect(0);
        folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
        let look = "cat /srv/new/deep/f /srv/before/kept; stat -c %a /srv/before; ls -d /srv/d; systemctl is-active it; systemctl is-enabled it; wc -l </srv/runs";
        let found = machine.run(look).stdout;
        assert_eq!(found, format!("{content}{content}755\n/srv/d\nactive\nenabled\n{}\n", again + 1));
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    }
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    let left = machine.run("ls /srv /srv/before; cat /srv/before/kept; stat -c %a /srv/before; ls -d /var/lib/cplan; systemctl is-active it");
    assert_eq!(left.stdout, "/srv:\nbefore\n\n/srv/before:\nkept\nbefore\n700\ninactive\n");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// What has another name in the configuration now, without a `moved`, is made and deleted at once.
#[test]
fn a_file_of_another_name_stays() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let folder = Folder::new();
    for name in ["a", "b", "c"] {
        let file = format!(
            "resource \"lab_file\" \"{name}\" {{\n  machine = local.machines.a\n  path = \"/srv/deep/f\"\n  content = \"one\"\n}}\n"
        );
        folder.write("main.hcl", &(machines(std::slice::from_ref(&machine)) + &file));
        folder.cplan(&["apply", "-auto-approve"]).expect(0);
        folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    }
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("test ! -e /srv/deep && test ! -e /var/lib/cplan").expect(0);
}
