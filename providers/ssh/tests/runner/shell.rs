//! The shell: one connection, pinned keys, nothing left.

use std::fs;
use std::time::{Duration, Instant};

use cplan_sdk::{Access, ErrorKind, ProviderError, Shell};
use cplan_ssh::OpenSshShell;

use crate::sshd::{Sshd, context};

fn entries(dir: &std::path::Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

/// Asks until it is known how the machine answers; a busy host lets one probe pass without an answer.
async fn probed(shell: &OpenSshShell, access: &Access) -> Result<String, ProviderError> {
    let (ctx, begun) = (context("/nowhere".as_ref()), Instant::now());
    loop {
        match shell.probe(&ctx, access).await {
            Err(error) if error.kind == ErrorKind::Transient && begun.elapsed() < Duration::from_secs(60) => {}
            answer => return answer,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_commands_need_one_session_and_leave_nothing() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let boot = probed(&shell, &sshd.access).await.unwrap();
    assert_eq!(boot, fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim());
    let runs = (0..20).map(|i| {
        let (shell, ctx, access) = (&shell, &ctx, &sshd.access);
        async move {
            let script = format!("cat; echo 'it'\\''s' {i}; echo no >&2; exit {i}");
            let output = shell.run(ctx, access, &script, b"in ").await.unwrap();
            assert_eq!(output.status, i);
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("in it's {i}\n"));
            // The startup files of a login shell may have said something first.
            assert!(output.stderr.ends_with(b"no\n"));
        }
    });
    futures::future::join_all(runs).await;
    assert_eq!(shell.sessions(), 1);
    assert_eq!(entries(sockets.path()), 1);
    shell.close().await;
    assert_eq!(entries(sockets.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_sizes_and_signals_arrive() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let status = async |script: &str| shell.run(&ctx, &sshd.access, script, b"").await.unwrap().status;
    assert_eq!(status("exit 127").await, 127);
    assert_eq!(status("exit 255").await, 255);
    assert_eq!(status("kill -9 $$").await, 128 + 9);
    let big = vec![b'x'; 3_000_000];
    let output = shell.run(&ctx, &sshd.access, "wc -c; head -c 2000000 /dev/zero", &big).await.unwrap();
    assert!(output.stdout.starts_with(b"3000000\n"));
    assert_eq!(output.stdout.len(), 2_000_008);
    let long = format!("cat; exit 7 # {}", "y".repeat(300_000));
    let output = shell.run(&ctx, &sshd.access, &long, b"fed").await.unwrap();
    assert_eq!((output.status, &output.stdout[..]), (7, &b"fed"[..]));
    // Input that nobody reads is no error.
    assert_eq!(shell.run(&ctx, &sshd.access, "exit 3", &big).await.unwrap().status, 3);
    assert_eq!(shell.sessions(), 1);
    shell.close().await;
}

/// A script that only looks comes with the connection, and is the only command that the machine is given; the next ones,
/// and those that come meanwhile, use the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_look_is_no_command_of_its_own() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let commands = || shell.times().iter().map(|time| time.commands).collect::<Vec<_>>();
    let long = format!(
        "cat <<'END'\n$x \\n é\nEND\ncat; echo no >&2; printf '\\ncplan-done x'; exit 9\n# {}",
        "y".repeat(200_000)
    );
    let (first, beside) =
        tokio::join!(shell.look(&ctx, &sshd.access, &long), shell.run(&ctx, &sshd.access, "echo beside", b""));
    let first = first.unwrap();
    assert_eq!((first.status, first.stderr.len()), (9, 0));
    assert_eq!(String::from_utf8(first.stdout).unwrap(), "$x \\n é\n\ncplan-done x");
    assert_eq!(beside.unwrap().stdout, b"beside\n");
    assert_eq!(commands(), [2]);
    let again = shell.look(&ctx, &sshd.access, "printf '\\0\\n\\n'").await.unwrap();
    assert_eq!((&again.stdout[..], commands()), (&b"\0\n\n"[..], vec![3]));
    shell.disconnect(&sshd.access).await;
    // As large as the machine likes, and nothing at all.
    let large = shell.look(&ctx, &sshd.access, "head -c 3000000 /dev/zero").await.unwrap();
    assert_eq!((large.status, large.stdout.len()), (0, 3_000_000));
    shell.disconnect(&sshd.access).await;
    let silent = shell.look(&ctx, &sshd.access, "exit 1").await.unwrap();
    assert_eq!((silent.status, silent.stdout.len(), commands()), (1, 0, vec![3, 1, 1]));
    assert!(shell.times().iter().all(|time| time.opening <= time.whole && !time.opening.is_zero()));
    shell.close().await;
    assert_eq!(entries(sockets.path()), 0);
}

/// Whoever waits for the first look is told when it is broken off or interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_look_that_breaks_off_is_told() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let broken = shell.look(&ctx, &sshd.access, "kill -9 $(ps -o ppid= -p $PPID)").await.unwrap_err();
    assert_eq!(broken.kind, ErrorKind::Transient, "{broken:?}");
    let begun = Instant::now();
    let (interrupted, ()) = tokio::join!(shell.look(&ctx, &sshd.access, "sleep 300"), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        ctx.cancel.cancel();
    });
    assert_eq!(interrupted.unwrap_err().kind, ErrorKind::Cancelled);
    shell.close().await;
    assert!(begun.elapsed() < Duration::from_secs(200), "it was waited for");
    assert_eq!(entries(sockets.path()), 0);
}

/// dropbear takes no command of more than 9,000 bytes; what sshd was asked for is the command line of the script's parent.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_script_goes_by_another_way_than_the_command() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let long = |end: &str| format!("{}\n{end}", "# a long comment".repeat(5000));
    let shown = "cat <<'END'\n$x\nEND\nwc -c </proc/$PPID/cmdline";
    for stdin in [&b""[..], b"some input"] {
        let output = shell.run(&ctx, &sshd.access, &long(shown), stdin).await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (heredoc, length) = said.trim().split_once('\n').unwrap();
        assert_eq!(heredoc, "$x");
        assert!(length.trim().parse::<usize>().unwrap() < 9000, "{length}");
    }
    let output = shell.run(&ctx, &sshd.access, &long("read -r x; echo \"got $x\"; exit 5"), b"").await.unwrap();
    assert_eq!((output.status, &output.stdout[..]), (5, &b"got \n"[..]), "it cannot read the script as its input");
    let output = shell.run(&ctx, &sshd.access, &long("cat; exit 6"), b"input").await.unwrap();
    assert_eq!((output.status, &output.stdout[..]), (6, &b"input"[..]));
    shell.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_is_refused() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let mut access = sshd.access.clone();
    // The client's key is a valid key, and not the host's.
    access.host_key = fs::read_to_string(sshd.dir.path().join("client.pub")).unwrap();
    for error in
        [probed(&shell, &access).await.unwrap_err(), shell.run(&ctx, &access, "touch /never", b"").await.unwrap_err()]
    {
        assert_eq!(error.kind, ErrorKind::Denied, "{error:?}");
        assert!(error.message.contains("another host key"), "{error}");
        assert!(!error.remedy.is_empty());
    }
    assert_eq!(shell.sessions(), 0);
    shell.close().await;
    assert_eq!(entries(sockets.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_denied_and_a_closed_port_is_transient() {
    let Some(mut sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let mut access = sshd.access.clone();
    access.key_file = sshd.dir.path().join("host");
    let error = probed(&shell, &access).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("refuses the key"), "{error}");
    sshd.stop();
    let error = shell.run(&ctx, &sshd.access, "true", b"").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    shell.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_noticed_and_made_again() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let output = shell.run(&ctx, &sshd.access, "ps -o ppid= -p $PPID", b"").await.unwrap();
    let server = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    // The server's end of this connection dies under a running command.
    let script = format!("kill {server}; sleep 5");
    let error = shell.run(&ctx, &sshd.access, &script, b"").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error:?}");
    assert_eq!(shell.run(&ctx, &sshd.access, "exit 4", b"").await.unwrap().status, 4);
    assert_eq!(shell.sessions(), 2);
    shell.disconnect(&sshd.access).await;
    assert_eq!(shell.run(&ctx, &sshd.access, "exit 5", b"").await.unwrap().status, 5);
    assert_eq!(shell.sessions(), 3);
    shell.close().await;
    assert_eq!(entries(sockets.path()), 0);
}

/// Who can begin nothing over a connection opens another, and what is under way over the first goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_takes_nothing_more_is_left_to_those_who_use_it() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let (begun, go) = (sshd.dir.path().join("begun"), sshd.dir.path().join("go"));
    let script =
        format!("touch {}; while ! test -e {}; do sleep 0.05; done; echo whole", begun.display(), go.display());
    let (first, second) = tokio::join!(shell.run(&ctx, &sshd.access, &script, b""), async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // As whoever clears up /tmp does.
        for folder in fs::read_dir(sockets.path()).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                fs::remove_file(file.unwrap().path()).unwrap();
            }
        }
        let second = shell.run(&ctx, &sshd.access, "echo again", b"").await;
        fs::write(&go, "").unwrap();
        second
    });
    assert_eq!(second.unwrap().stdout, b"again\n");
    assert_eq!(first.unwrap().stdout, b"whole\n");
    assert_eq!(shell.sessions(), 2);
    shell.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_wait() {
    let Some(sshd) = Sshd::start() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let (shell, ctx) = (OpenSshShell::new(sockets.path()), context(sshd.dir.path()));
    let cancel = ctx.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(600)).await;
        cancel.cancel();
    });
    let error = shell.run(&ctx, &sshd.access, "sleep 30", b"").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    shell.close().await;
    assert_eq!(entries(sockets.path()), 0);
}

/// How many processes have the text in their command line.
fn processes(text: &str) -> usize {
    let lines = fs::read_dir("/proc").unwrap().flatten().filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

/// The same test is both processes: the one that is killed gets its lab by the environment.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_leaves_no_connection_and_its_folder_goes_with_the_next() {
    const LAB: &str = "CPLAN_TEST_KILLED";
    if let Ok(lab) = std::env::var(LAB) {
        let fields: Vec<&str> = lab.split('|').collect();
        let access = Access {
            id: "m".into(),
            name: "edge0".into(),
            address: "127.0.0.1".into(),
            port: fields[1].parse().unwrap(),
            user: fields[2].into(),
            host_key: fields[3].into(),
            key_file: fields[4].into(),
            flavor: String::new(),
            arch: String::new(),
        };
        let (shell, ctx) = (OpenSshShell::new(fields[0]), context("/nowhere".as_ref()));
        let _ = shell.run(&ctx, &access, &format!("kill -9 {}; {}", std::process::id(), fields[5]), b"").await;
        panic!("it should have been killed");
    }
    let Some(sshd) = Sshd::start() else { return };
    for hangs in [false, true] {
        let sockets = tempfile::tempdir().unwrap();
        let (a, path) = (&sshd.access, sockets.path().display().to_string());
        let rest = if hangs { "sleep 60" } else { "true" };
        let lab = format!("{path}|{}|{}|{}|{}|{rest}", a.port, a.user, a.host_key, a.key_file.display());
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "shell::a_killed_process_leaves_no_connection_and_its_folder_goes_with_the_next"])
            .env(LAB, lab)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), None, "killed: {status}");
        assert_eq!(entries(sockets.path()), 1, "the folder of the killed process");
        let gone = async || {
            let begun = Instant::now();
            while processes(&path) > 0 {
                assert!(begun.elapsed() < Duration::from_secs(60), "the master of the killed process lives on");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if !hangs {
            gone().await;
        }
        let shell = OpenSshShell::new(sockets.path());
        probed(&shell, &sshd.access).await.unwrap();
        assert_eq!(entries(sockets.path()), 1, "only the folder of the living");
        shell.close().await;
        assert_eq!(entries(sockets.path()), 0);
        gone().await;
    }
}
