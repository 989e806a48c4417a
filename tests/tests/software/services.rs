//! `lab_service`, with the package and the configuration that it hangs on.

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines};

/// A daemon that notes with which configuration it was started.
pub(super) fn repository() -> Repository {
    let repository = Repository::new();
    let unit = "[Service]\nExecStart=/usr/share/echoer/run\n[Install]\nWantedBy=multi-user.target\n";
    let run = "#!/bin/sh\ncat /etc/echoer.conf >>/run/echoer.started 2>/dev/null || echo none >>/run/echoer.started\n\
               grep -q broken /etc/echoer.conf && { echo 'I am broken'; exit 3; }\nexec sleep 100000\n";
    let postinst = "#!/bin/sh\nchmod +x /usr/share/echoer/run\nsystemctl daemon-reload\nsystemctl enable -q echoer\nsystemctl start echoer\n";
    let files =
        [("/lib/systemd/system/echoer.service", unit), ("/usr/share/echoer/run", run), ("/DEBIAN/postinst", postinst)];
    repository.add("echoer", "1.0", "", &files);
    repository.index();
    repository
}

const TOPOLOGY: &str = r#"
variable "text" {
  default = "one"
}

resource "lab_package" "echoer" {
  machine = local.machines.a
  name    = "echoer"
}

resource "lab_file" "config" {
  machine    = local.machines.a
  path       = "/etc/echoer.conf"
  content    = "${var.text}\n"
  depends_on = [lab_package.echoer]
}

resource "lab_service" "echoer" {
  machine    = local.machines.a
  name       = "echoer"
  restart_on = { config = lab_file.config.written }
}
"#;

#[test]
fn a_service_follows_its_configuration() {
    if !capable() {
        return;
    }
    let repository = repository();
    let machine = Debian::start("a", &repository);
    let folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    let cplan = |arguments: &[&str]| folder.cplan(arguments);
    let started = || machine.run("cat /run/echoer.started").stdout;
    let is = || machine.run("systemctl is-enabled echoer; systemctl is-active echoer").stdout;
    cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(is(), "enabled\nactive\n");
    assert_eq!(started(), "none\none\n", "installing it started it without a configuration");
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    cplan(&["apply", "-auto-approve", "-var", "text=two"]).expect(0);
    assert_eq!(started(), "none\none\ntwo\n", "restarted once for the new configuration");
    cplan(&["plan", "-detailed-exitcode", "-var", "text=two"]).expect(0);

    // By hand.
    machine.run("systemctl disable -q --now echoer").expect(0);
    let drift = cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("enabled") && drift.contains("running") && drift.contains("true -> false"), "{drift}");
    cplan(&["apply", "-auto-approve", "-var", "text=two"]).expect(0);
    assert_eq!(is(), "enabled\nactive\n");
    machine.run("echo edited >/etc/echoer.conf; systemctl restart echoer").expect(0);
    cplan(&["apply", "-auto-approve", "-var", "text=two"]).expect(0);
    assert!(started().ends_with("edited\ntwo\n"), "restarted with the healed configuration: {}", started());
    cplan(&["plan", "-detailed-exitcode", "-var", "text=two"]).expect(0);
    machine.run("systemctl mask -q --now echoer").expect(0);
    cplan(&["apply", "-auto-approve", "-var", "text=two"]).expect(0);
    assert_eq!(is(), "enabled\nactive\n");

    // A service that ends at once fails, with its own words.
    let failed = cplan(&["apply", "-auto-approve", "-var", "text=broken"]).expect(1).text();
    assert!(failed.contains("I am broken"), "{failed}");
    cplan(&["apply", "-auto-approve"]).expect(0);
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    // All that hangs together is lost, and comes back.
    machine.run("apt-get -q -y purge echoer; rm /etc/echoer.conf").expect(0);
    cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(is(), "enabled\nactive\n");
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    cplan(&["destroy", "-auto-approve"]).expect(0);
    machine
        .run("! dpkg-query -W echoer 2>/dev/null && test ! -e /etc/echoer.conf && test ! -e /var/lib/cplan")
        .expect(0);
}

/// What was there before is as it was; and what cannot be is refused with what to do.
#[test]
fn a_service_that_was_there_stays_as_it_was() {
    if !capable() {
        return;
    }
    let repository = repository();
    let machine = Debian::start("a", &repository);
    machine.run("apt-get -q update && apt-get -q -y install echoer && systemctl disable -q echoer").expect(0);
    let own = machines(std::slice::from_ref(&machine));
    let service = |name: &str, more: &str| {
        format!(
            "{own}resource \"lab_service\" \"s\" {{\n  machine = local.machines.a\n  name    = \"{name}\"\n{more}}}\n"
        )
    };
    let folder = Folder::with(&service("echoer", "  running = false\n"));
    let is = || machine.run("systemctl is-enabled echoer; systemctl is-active echoer").stdout;
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(is(), "enabled\ninactive\n");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(is(), "disabled\nactive\n");

    folder.write("main.hcl", &service("echoer", "  enabled = false\n"));
    folder.cplan(&["import", "lab_service.s", "echoer.service"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(is(), "disabled\nactive\n");

    // So is one that was masked, and whatever else was said of it below that.
    machine
        .run("systemctl enable -q echoer; systemctl mask -q echoer; cd /lib/systemd/system && cp echoer.service other.service && \
              systemctl daemon-reload && systemctl mask -q --runtime other")
        .expect(0);
    let both = "systemctl is-enabled echoer other; systemctl is-active echoer other";
    folder.write("main.hcl", &service("${each.key}", "  for_each = toset([\"echoer\", \"other\"])\n"));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(machine.run(both).stdout, "enabled\nenabled\nactive\nactive\n");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(machine.run(both).stdout, "masked\nmasked-runtime\nactive\ninactive\n");
    let below = "systemctl unmask -q echoer; systemctl unmask -q --runtime other; systemctl is-enabled echoer other";
    assert_eq!(machine.run(below).stdout, "enabled\ndisabled\n");
    machine.run("systemctl disable -q echoer").expect(0);

    // One that only enables others when it is enabled is never found enabled.
    let unit = "[Service]\\nExecStart=/bin/sleep 100000\\n[Install]\\nAlso=echoer.service\\n";
    machine.run(&format!("printf '{unit}' >/etc/systemd/system/also.service; systemctl daemon-reload")).expect(0);
    folder.write("main.hcl", &service("also", ""));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(is(), "disabled\nactive\n");

    // One that was begun and failed is known, and leaves nothing.
    machine.run("printf '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/once.service").expect(0);
    folder.write("main.hcl", &service("once", ""));
    let failed = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(failed.contains("`running = false`"), "{failed}");
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    machine.run("! systemctl is-enabled once && test ! -e /var/lib/cplan").expect(0);

    // So is one that seems to run for a moment, and one that is started again and again; of neither anything is left.
    for (more, said) in
        [("", "it was started and is failed"), ("Restart=always\\nRestartSec=0.2\\n", "again and again")]
    {
        let unit = format!(
            "[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=/bin/sh -c \"sleep 0.3; exit 1\"\\n{more}"
        );
        machine.run(&format!("printf '{unit}' >/etc/systemd/system/short.service; systemctl daemon-reload")).expect(0);
        folder.write("main.hcl", &service("short", ""));
        let failed = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
        assert!(failed.contains(said), "{failed}");
        folder.cplan(&["destroy", "-auto-approve"]).expect(0);
        assert_eq!(machine.run("systemctl is-active short; systemctl --failed --no-legend").stdout, "inactive\n");
    }

    folder.write("main.hcl", &service("nothing", ""));
    let failed = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(failed.contains("there is no unit `nothing.service`"), "{failed}");
}
