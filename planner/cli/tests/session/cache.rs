//! `cplan cache`: what is there, and what nobody needs.

use std::fs;

use super::Session;

#[test]
fn an_image_that_nobody_holds_is_listed_and_pruned() {
    let lab = Session::new("");
    let image = lab.path().join("cache/images/ab12ab12ab12ab12");
    fs::create_dir_all(image.join("leases")).unwrap();
    fs::write(image.join("disk.qcow2"), vec![7; 5000]).unwrap();
    let manifest = r#"{"digest": "ab12ab12ab12ab12", "flavor": "cloud", "arch": "arm64", "made_of": {}, "files": {"disk.qcow2": {"bytes": 5000, "sha256": "00"}}}"#;
    fs::write(image.join("manifest.json"), manifest).unwrap();
    let listed = lab.json("cache list -json -cache-dir=cache");
    assert_eq!((&listed["images"][0]["flavor"], &listed["images"][0]["arch"]), (&"cloud".into(), &"arm64".into()));
    assert_eq!(
        (&listed["images"][0]["whole"], listed["images"][0]["holders"].as_array().unwrap().len()),
        (&true.into(), 0)
    );

    let lease = image.join("leases/1");
    fs::write(&lease, r#"{"lab": "1234abcd", "name": "base", "folder": "/no/such/lab"}"#).unwrap();
    assert!(lab.ok("cache list -cache-dir=cache").contains("base in /no/such/lab (gone)"));
    assert!(lab.ok("cache prune -cache-dir=cache").contains(": 0 images,"));
    assert!(
        lab.ok("cache prune -gone -dry-run -cache-dir=cache").starts_with("would remove image ab12ab12ab12 (cloud, ")
    );
    assert!(lab.ok("cache prune -gone -older-than=1d -cache-dir=cache").contains(": 0 images,"));
    assert!(image.exists());
    assert_eq!(lab.json("cache prune -gone -json -cache-dir=cache")["images"][0]["digest"], "ab12ab12ab12ab12");
    assert!(!image.exists());
    assert!(lab.ok("cache list -cache-dir=cache").starts_with("No images in cache."));

    // What the provider block says, with variables as plan takes them.
    lab.write(
        "main.hcl",
        "variable \"where\" {}\nprovider \"lab\" {\n  cache_dir = \"${path.root}/${var.where}\"\n}\n",
    );
    assert!(lab.run("cache list").err.contains("[host-settings-unknown]"));
    lab.write("terraform.tfvars", "where = \"other\"\n");
    // libvirt and QEMU, which are told of it, work in another folder.
    let told = format!("No images in {}.", lab.path().join("other").display());
    assert!(lab.ok("cache list").starts_with(&told));
    assert!(lab.ok("cache list -cache-dir=cache").starts_with("No images in cache."));
    assert_eq!(lab.run("cache prune -older-than=soon").code, Some(1));
}
