//! Images made of images: what goes in decides which is which, and a lab that uses one finds its software there.

use cplan_sdk::Shell as _;
use serde_json::{Value as Json, json};

use crate::lab::{Lab, Object, image_for, release, systemd};

/// What was done while an image was made.
fn built(log: &str) -> bool {
    log.contains("changing the system in a chroot")
}

struct Chain {
    warm: Json,
    hot: Json,
    beside: Json,
    /// Which of the three were built.
    built: [bool; 3],
}

/// One with containerd, one of that, and one beside them.
async fn chain(owner: &str, greeting: &str) -> Chain {
    let base = systemd().await;
    let warm = json!({"from": base, "packages": ["containerd"], "files": {"/etc/motd": {"content": greeting}}});
    let (warm, first) = image_for(owner, warm).await;
    let hot = json!({"from": warm, "run": ["read -r line </etc/motd", "echo \"$(cat /etc/motd) again\" >/etc/issue"]});
    let (hot, second) = image_for(owner, hot).await;
    let beside = json!({"from": base, "files": {"/etc/motd": {"content": "beside\n", "mode": "0600"}}});
    let (beside, third) = image_for(owner, beside).await;
    Chain { warm, hot, beside, built: [built(&first), built(&second), built(&third)] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_rebuilds_what_hangs_on_it_and_a_second_lab_nothing() {
    let Some(lab) = Lab::new() else { return };
    // The text is new with every run, so that something is really built.
    let fresh = |n: u32| format!("{}-{n}\n", lab.folder.path().display());
    let first = chain("first", &fresh(1)).await;
    assert_eq!(first.built[..2], [true, true]);
    let second = chain("second", &fresh(1)).await;
    assert_eq!(second.built, [false; 3]);
    assert_eq!((&second.warm, &second.hot, &second.beside), (&first.warm, &first.hot, &first.beside));
    let changed = chain("first", &fresh(2)).await;
    assert_eq!(changed.built, [true, true, false]);
    assert!(changed.warm != first.warm && changed.hot != first.hot && changed.beside == first.beside);

    let mut management = lab.network("d", "nat", "10.211.10.0/24").await;
    let mut config = lab.machine_config("warm", &management, "10.211.10.11").await;
    config["image"] = second.hot.clone();
    config["memory"] = json!("512MiB");
    config["boot_timeout"] = json!("300s");
    let mut machine = Object::new(&lab.machines, &lab, "warm", config);
    machine.apply().await.unwrap();
    assert_eq!(machine.run("cat /etc/issue").await, format!("{} again", fresh(1).trim()));
    assert_eq!(machine.run("apt-mark showmanual | grep -x -e containerd -e runc").await, "containerd");
    assert_eq!(
        machine.run("dpkg --audit; ls /usr/sbin/policy-rc.d /etc/ssh/ssh_host_rsa_key 2>&1 | grep -c cannot").await,
        "2"
    );
    let ready = "for i in $(seq 60); do systemctl is-active -q containerd && break; sleep 1; done; systemctl is-active containerd";
    assert_eq!(machine.run(ready).await, "active");
    machine.delete().await.unwrap();
    management.delete().await.unwrap();
    release("first").await;
    release("second").await;
    lab.shell.close().await;
}
