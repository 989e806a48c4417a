//! What is refused, and in which words: the whole text stands beside each configuration in `refusals/NAME/expected.txt`.
//! `CPLAN_BLESS=1` writes the texts anew, for a review by eye.

use std::fs;

use cplan_tests::capability::{libvirt, require};
use cplan_tests::folder::{Finished, Folder};
use cplan_tests::repository::{read, top};

/// Plans the fixture and compares all that is said. Nothing may be touched: not even a state comes to be.
fn refused(name: &str) {
    let fixture = format!("tests/tests/refusals/{name}");
    let folder = Folder::with(&read(&format!("{fixture}/main.hcl")));
    judge(&fixture, &folder, &folder.cplan(&["plan", "-no-color"]));
}

fn judge(fixture: &str, folder: &Folder, finished: &Finished) {
    assert_eq!(finished.status, Some(1), "{}", finished.text());
    let said = finished.stderr.trim_end().to_owned() + "\n";
    let expected = top().join(fixture).join("expected.txt");
    if std::env::var_os("CPLAN_BLESS").is_some() {
        fs::write(&expected, &said).unwrap();
    }
    assert_eq!(said, fs::read_to_string(&expected).unwrap(), "{}", expected.display());
    assert!(!folder.cplan(&["state", "list"]).stdout.contains('.'), "something came into the state");
}

macro_rules! refusals {
    ($($test:ident = $name:literal;)*) => { $(#[test] fn $test() { refused($name); })* };
}

refusals! {
    an_unknown_attribute_with_the_near_name = "unknown-attribute";
    a_wrong_type = "wrong-type";
    a_number_where_a_unit_is_needed = "unit-missing";
    a_quantity_without_a_unit = "unit-absent-in-text";
    a_unit_that_does_not_fit = "unit-unknown";
    a_cycle_with_all_its_edges = "cycle";
    an_address_outside_of_its_network = "address-outside";
    a_link_to_a_tier_that_does_not_exist = "link-to-missing-tier";
    a_file_that_is_not_there = "unreadable-text";
    broken_blocks_each_with_its_error = "broken";
}

/// Which instances there are is known only with a host.
#[test]
fn an_address_used_twice() {
    if require("libvirt", libvirt) {
        refused("address-twice");
    }
}

#[test]
fn a_machine_larger_than_its_host() {
    if !require("libvirt", libvirt) {
        return;
    }
    let fixture = "tests/tests/refusals/machine-too-large";
    let folder = Folder::with(&read(&format!("{fixture}/main.hcl")));
    let finished = folder.cplan(&["plan", "-no-color"]);
    assert_eq!(finished.status, Some(1), "{}", finished.text());
    // How much the host has differs from host to host; the places and the words before it do not.
    for part in ["main.hcl:13", "main.hcl:14", "255", "64TiB"] {
        assert!(finished.stderr.contains(part), "`{part}` is missing in:\n{}", finished.stderr);
    }
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("nowhere.hcl", folder.path().join("main.hcl")).unwrap();
    let finished = folder.cplan(&["plan", "-no-color"]).expect(1);
    assert!(finished.stderr.contains("main.hcl"), "{}", finished.stderr);
    fs::remove_file(folder.path().join("main.hcl")).unwrap();
    fs::write(folder.path().join("main.hcl"), b"locals {\n  x = \"\xff\"\n}\n").unwrap();
    let finished = folder.cplan(&["plan", "-no-color"]).expect(1);
    assert!(finished.stderr.contains("main.hcl") && finished.stderr.contains("UTF-8"), "{}", finished.stderr);
}
