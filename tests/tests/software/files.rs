//! `lab_file` over what others have put there.

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines};

const TOPOLOGY: &str = r#"
resource "lab_file" "f" {
  for_each  = { link = "new", dangling = "new", theirs = "theirs", secret = "new" }
  machine   = local.machines.a
  path      = "/t/${each.key}"
  content   = "${each.value}\n"
  mode      = "0600"
  overwrite = true
}
"#;

/// Links, and owners that nobody asked to change.
#[test]
fn what_was_there_is_kept_as_it_was() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let lay = "mkdir /t && cd /t && echo real >real && ln -s real link && ln -s /nowhere dangling && echo theirs >theirs \
               && chown lp:games theirs && chmod 640 theirs && echo old >secret && chown 12345 secret";
    machine.run(lay).expect(0);
    let is = || machine.run("cd /t; stat -c '%N %a %U:%G' *; cat real link theirs secret").stdout;
    let before = is();
    let folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    let now = "'dangling' 600 root:root\n'link' 600 root:root\n'real' 644 root:root\n'secret' 600 UNKNOWN:root\n\
               'theirs' 600 lp:games\nreal\nnew\ntheirs\nnew\n";
    assert_eq!(is(), now);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);

    // By hand: folders and links in their places. One that holds something is not ours to take away.
    machine.run("cd /t && rm link theirs && mkdir link && ln -s /nowhere theirs").expect(0);
    let drift = folder.cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("f[\"link\"]") && drift.contains("f[\"theirs\"]"), "{drift}");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    // A link to just the same is none of what was written, and one to a folder gives way.
    machine.run("cd /t && mv link moved && ln -s moved link && rm dangling && ln -s /etc dangling").expect(0);
    let drift = folder.cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("f[\"link\"]") && drift.contains("f[\"dangling\"]"), "{drift}");
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    machine.run("cd /t && rm moved && test ! -L link && test ! -L dangling").expect(0);
    machine.run("cd /t && rm link && mkdir link && touch link/x").expect(0);
    let refused = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    assert!(refused.contains("`/t/link` is there already and is something else"), "{refused}");
    machine.run("rm -r /t/link").expect(0);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);

    // What was there comes back to where it was, and not into what stands there by now.
    machine.run("cd /t && rm theirs && mkdir theirs && touch theirs/x && rm link && ln -s /etc link").expect(0);
    let refused = folder.cplan(&["destroy", "-auto-approve"]).expect(1).text();
    assert!(refused.contains("'/t/theirs': Directory not empty"), "{refused}");
    machine.run("rm /t/theirs/x").expect(0);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(is(), before);
    machine.run("test ! -e /var/lib/cplan").expect(0);
}

/// A folder that was made for several files goes with the last of them, in whatever order they come and go.
#[test]
fn a_folder_made_for_several_files_goes_with_the_last() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let folder = Folder::new();
    folder.write("machines.hcl", &machines(std::slice::from_ref(&machine)));
    let files = |names: &str, more: &str| {
        let block = format!(
            "resource \"lab_file\" \"f\" {{\n  for_each = toset([{names}])\n  machine  = local.machines.a\n  \
             path     = \"/srv/made/deep/${{each.key}}\"\n  content  = each.key\n}}\n"
        );
        folder.write("main.hcl", &(block + more));
    };
    let left = || machine.run("find /srv/made /var/lib/cplan -mindepth 0 -type d 2>/dev/null").stdout;
    let names = (0..8).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    let apply = || folder.cplan(&["apply", "-auto-approve"]).expect(0);
    files(&names, "");
    apply();
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(left(), "");
    // One after the other, renamed in one apply, and with a folder of ours above them that goes at the same time.
    files("\"a\", \"b/c\"", "");
    apply();
    files("\"b/c\", \"d\"", "");
    apply();
    let above = "resource \"lab_file\" \"above\" {\n  machine   = local.machines.a\n  path      = \"/srv/made/own\"\n  directory = true\n}\n\
                 resource \"lab_file\" \"in\" {\n  machine = local.machines.a\n  path    = \"/srv/made/own/x\"\n  content = \"x\"\n}\n";
    files("\"e\"", above);
    apply();
    machine.run("touch /srv/made/deep/theirs").expect(0);
    let said = folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    assert_eq!(left(), "/srv/made\n/srv/made/deep\n", "{}", said.text());
}

/// A write that fails leaves nothing: no mark, no copy, no folder.
#[test]
fn a_write_that_fails_leaves_nothing() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    // A mount point cannot be renamed over, and a full disk takes nothing.
    let lay = "mkdir /t && cd /t && echo theirs >theirs && echo bound >bound && mount --bind theirs bound && mkdir small \
               && mount -t tmpfs -o size=64k small small && find /t | sort";
    let before = machine.run(lay).expect(0).stdout;
    let folder = Folder::new();
    folder.write("machines.hcl", &machines(std::slice::from_ref(&machine)));
    folder.write("large", &"x".repeat(100_000));
    let block = |name: &str, path: &str, more: &str| {
        format!("resource \"lab_file\" \"{name}\" {{\n  machine = local.machines.a\n  path    = \"{path}\"\n{more}}}\n")
    };
    let blocks = [
        block("bound", "/t/bound", "  content = \"new\"\n  overwrite = true\n"),
        block("full", "/t/small/a/b/c", "  source = \"large\"\n"),
        block("nobody", "/t/x/y", "  content = \"x\"\n  owner = \"nobodyhere\"\n"),
        block("folder", "/t/x2/y", "  directory = true\n  owner = \"nobodyhere\"\n"),
        block("through", "/t/theirs/x", "  content = \"x\"\n"),
    ];
    folder.write("main.hcl", &blocks.concat());
    let failed = folder.cplan(&["apply", "-auto-approve"]).expect(1).text();
    for said in ["busy", "No space left", "cannot be given to its owner", "/t/theirs"] {
        assert!(failed.contains(said), "`{said}` is missing in:\n{failed}");
    }
    assert_eq!(machine.run("find /t | sort").stdout, before);
    machine.run("test ! -e /var/lib/cplan").expect(0);
    assert_eq!(folder.cplan(&["state", "list"]).stdout, "");
}

/// A source is meant from the folder of the configuration, from wherever cplan is called.
#[test]
fn a_source_is_found_from_another_folder() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let folder = Folder::new();
    folder.write("lab/machines.hcl", &machines(std::slice::from_ref(&machine)));
    let block = |name: &str, source: &str| {
        format!(
            "resource \"lab_file\" \"{name}\" {{\n  machine = local.machines.a\n  path    = \"/t/{name}\"\n  source  = \"{source}\"\n}}\n"
        )
    };
    let both = block("one", "note.txt") + &block("two", "${path.module}/note.txt");
    folder.write("lab/main.hcl", &both);
    folder.write("lab/note.txt", "a note");
    folder.cplan(&["-chdir=lab", "apply", "-auto-approve"]).expect(0);
    folder.cplan(&["-chdir=lab", "plan", "-detailed-exitcode"]).expect(0);
    assert_eq!(machine.run("cat /t/one /t/two").stdout, "a notea note");
}

#[test]
fn only_a_file_is_imported_as_a_file() {
    if !capable() {
        return;
    }
    let machine = Debian::start("a", &Repository::new());
    let folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    let refused = |id: &str| folder.cplan(&["import", "lab_file.f[\"link\"]", id]).expect(1).text();
    assert!(refused("etc/passwd").contains("`etc/passwd` is not the absolute path of a file"));
    assert!(refused("/etc").contains("`/etc` is no regular file"));
    assert!(refused("/no/such").contains("import-absent"));
}
