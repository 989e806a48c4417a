//! `lab_file` and `lab_command` on a machine that is this one, over a real sshd.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use cplan_model::{Identity, Schema, Type, Value};
use cplan_sdk::conformance::{self, Case};
use cplan_sdk::{
    Access, ApplyRequest, Assembly, ErrorKind, ImportRequest, Observed, PlanRequest, Provider, ProviderError,
    ReadRequest, RecoverRequest, Resource, Shell,
};
use cplan_ssh::{CommandResource, FileResource, ForwardResource, OpenSshShell};

use crate::sshd::{Sshd, context};

/// One object's life, as the engine leads it.
struct Object {
    provider: Assembly,
    shell: Arc<OpenSshShell>,
    ty: &'static str,
    identity: Identity,
    state: Option<Value>,
    private: Vec<u8>,
    sshd: Sshd,
    _sockets: tempfile::TempDir,
}

impl Object {
    fn new(ty: &'static str) -> Option<Object> {
        let sshd = Sshd::start()?;
        let sockets = tempfile::tempdir().unwrap();
        let shell = Arc::new(OpenSshShell::new(sockets.path()));
        let provider = Assembly::new("lab", Schema::default(), shell.clone(), |_| Ok(Default::default()))
            .resource(FileResource::new(shell.clone()))
            .resource(CommandResource::new(shell.clone()))
            .resource(ForwardResource::default());
        let unique = format!("test-{}-{}", std::process::id(), sshd.access.port);
        let identity = Identity { id: unique, lab: "0a0b0c0d".into(), name: "x".into() };
        Some(Object { provider, shell, ty, identity, state: None, private: Vec::new(), sshd, _sockets: sockets })
    }

    fn resource(&self) -> &dyn Resource {
        Provider::resource(&self.provider, self.ty).unwrap()
    }

    fn mark(&self) -> std::path::PathBuf {
        Path::new("/var/lib/cplan/owned").join(&self.identity.id)
    }

    fn config(&self, set: &[(&str, Value)]) -> Value {
        let schema = self.resource().schema();
        let mut config = Value::object(schema.attributes.iter().map(|(n, a)| (n.clone(), Value::null(a.ty.clone()))));
        for (name, value) in [("machine", self.sshd.access.to_value())].iter().chain(set) {
            config = config.with(name, value.clone());
        }
        config
    }

    async fn apply(&mut self, set: &[(&str, Value)]) -> Result<Value, ProviderError> {
        let (ctx, config) = (context(self.sshd.dir.path()), self.config(set));
        let resource = Provider::resource(&self.provider, self.ty).unwrap();
        assert!(!resource.validate(&config).has_errors(), "{:?}", resource.validate(&config));
        let plan = PlanRequest {
            identity: self.identity.clone(),
            proposed: config.clone(),
            config: config.clone(),
            prior: self.state.clone(),
            private: Vec::new(),
        };
        let planned = resource.plan(&ctx, plan).await?.planned.unwrap();
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior: self.state.clone(),
            planned: Some(planned.clone()),
            config: Some(config),
            private: Vec::new(),
            run: "run".into(),
            twin: None,
        };
        let response = resource.apply(&ctx, request).await?;
        let ty = resource.schema().object_type();
        conformance::fits(&planned, &response.values, &ty).expect("what was planned is what is");
        self.state = Some(response.values.clone());
        let Observed::Present { values, boot_id, .. } = self.read().await else { panic!("applied and not there") };
        assert_eq!(values, response.values, "what was applied is read back");
        assert_eq!(boot_id, response.boot_id);
        Ok(values)
    }

    async fn read(&self) -> Observed {
        let request = ReadRequest {
            identity: self.identity.clone(),
            prior: self.state.clone().unwrap(),
            private: Vec::new(),
            boot_id: None,
        };
        let ctx = context(self.sshd.dir.path());
        self.provider.read(&ctx, vec![(self.ty.to_owned(), request)]).await.remove(0).unwrap()
    }

    async fn observed(&self, name: &str) -> Option<Value> {
        match self.read().await {
            Observed::Present { values, .. } => values.get(name).cloned(),
            _ => None,
        }
    }

    async fn delete(&mut self) -> Result<(), ProviderError> {
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior: self.state.clone(),
            planned: None,
            config: None,
            private: self.private.clone(),
            run: "run".into(),
            twin: None,
        };
        let ctx = context(self.sshd.dir.path());
        self.resource().apply(&ctx, request).await?;
        Ok(())
    }

    async fn import(&self, id: &str, set: &[(&str, Value)]) -> Option<(Value, Vec<u8>)> {
        let request = ImportRequest { id: id.to_owned(), identity: self.identity.clone(), config: self.config(set) };
        match self.resource().import(&context(self.sshd.dir.path()), request).await.unwrap() {
            Observed::Present { values, private, .. } => Some((values, private)),
            _ => None,
        }
    }

    async fn recover(&self, planned: Value) -> Observed {
        let request = RecoverRequest {
            identity: self.identity.clone(),
            prior: None,
            planned: Some(planned),
            private: Vec::new(),
        };
        let ctx = context(self.sshd.dir.path());
        self.resource().recover(&ctx, request).await.unwrap()
    }
}

fn s(text: &str) -> Value {
    Value::string(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_lives_drifts_heals_and_goes() {
    let Some(mut file) = Object::new("lab_file") else { return };
    let path = file.sshd.dir.path().join("deep/it's a file.conf");
    let text = |content: &str| [("path", s(path.to_str().unwrap())), ("content", s(content))];
    let values = file.apply(&text("one\n'two' $three\n")).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\n'two' $three\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
    assert!(matches!(file.recover(values).await, Observed::Present { .. }));

    fs::write(&path, "edited").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(file.observed("content").await, Some(s("edited")));
    assert_eq!(file.observed("mode").await, Some(s("0600")));

    file.apply(&text("three")).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "three");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    assert_eq!(file.shell.sessions(), 1);

    fs::remove_file(&path).unwrap();
    assert!(matches!(file.read().await, Observed::Absent));
    file.apply(&text("again")).await.unwrap();
    file.delete().await.unwrap();
    assert!(!path.exists() && !file.mark().exists());
    file.delete().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_ours_stays() {
    let Some(mut file) = Object::new("lab_file") else { return };
    let path = file.sshd.dir.path().join("theirs");
    fs::write(&path, "theirs").unwrap();
    let text = |content: &str| [("path", s(path.to_str().unwrap())), ("content", s(content))];
    let error = file.apply(&text("ours")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    let planned = file.config(&text("ours"));
    assert!(matches!(file.recover(planned.clone()).await, Observed::Absent), "no mark, not ours");
    file.state = Some(planned);
    file.delete().await.unwrap();
    assert!(path.exists(), "a delete leaves what has no mark");

    // The same content is taken over, and stays when ours goes, as it was.
    file.state = None;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    file.apply(&text("theirs")).await.unwrap();
    file.delete().await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);

    // What gives way comes back.
    file.state = None;
    let overwriting = [text("ours").to_vec(), vec![("overwrite", Value::bool(true))]].concat();
    file.apply(&overwriting).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "ours");
    file.delete().await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");

    file.state = None;
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(file.apply(&text("ours")).await.unwrap_err().kind, ErrorKind::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_from_this_host_and_belongs_to_whom_it_should() {
    let Some(mut file) = Object::new("lab_file") else { return };
    let (path, source) = (file.sshd.dir.path().join("a/b/f"), file.sshd.dir.path().join("source"));
    let bytes: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    fs::write(&source, &bytes).unwrap();
    fs::set_permissions(&source, fs::Permissions::from_mode(0o700)).unwrap();
    let set = [
        ("path", s(path.to_str().unwrap())),
        ("source", s(source.to_str().unwrap())),
        ("owner", s("daemon")),
        ("group", s("2")),
    ];
    let first = file.apply(&set).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.permissions().mode() & 0o7777, meta.uid(), meta.gid()), (0o755, 1, 2));
    std::os::unix::fs::chown(&path, Some(0), None).unwrap();
    assert_eq!(file.observed("owner").await, Some(s("root")));
    fs::write(&source, "other").unwrap();
    let second = file.apply(&set).await.unwrap();
    assert_eq!((fs::metadata(&path).unwrap().uid(), fs::read(&path).unwrap()), (1, b"other".to_vec()));
    assert_ne!(first.get("sha256"), second.get("sha256"));

    let nobody = [set.to_vec(), vec![("owner", s("no-such-user"))]].concat();
    let error = file.apply(&nobody).await.unwrap_err();
    assert!(error.message.contains("cannot be given to its owner"), "{error}");
    assert!(!error.details.is_empty());
    file.delete().await.unwrap();
    assert!(!file.sshd.dir.path().join("a").exists(), "the folders that were made for it go with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_made_and_taken_away_once_it_is_empty() {
    let Some(mut folder) = Object::new("lab_file") else { return };
    let path = folder.sshd.dir.path().join("x/y");
    let set = |mode: &str| {
        [("path", s(path.to_str().unwrap())), ("directory", Value::bool(true)), ("mode", s(mode)), ("owner", s("1"))]
    };
    let values = folder.apply(&set("0750")).await.unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.is_dir(), meta.permissions().mode() & 0o7777, meta.uid()), (true, 0o750, 1));
    assert!(matches!(folder.recover(values).await, Observed::Present { .. }));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(folder.observed("mode").await, Some(s("0700")));
    folder.apply(&set("0700")).await.unwrap();
    fs::write(path.join("theirs"), "").unwrap();
    folder.delete().await.unwrap();
    assert!(path.join("theirs").exists());

    // One that was there stays, as it was.
    folder.state = None;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder.apply(&set("0700")).await.unwrap();
    folder.delete().await.unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.permissions().mode() & 0o7777, meta.uid()), (0o755, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_there_is_imported_and_then_ours() {
    let Some(mut file) = Object::new("lab_file") else { return };
    let path = file.sshd.dir.path().join("there");
    fs::write(&path, "there\n").unwrap();
    let text = |content: &str| [("path", s(path.to_str().unwrap())), ("content", s(content))];
    for change in [false, true] {
        fs::write(&path, "there\n").unwrap();
        let (values, private) = file.import(path.to_str().unwrap(), &text("there\n")).await.unwrap();
        assert_eq!(values.get("content"), Some(&s("there\n")));
        assert_eq!(values.get("mode"), Some(&s("0644")));
        (file.state, file.private) = (Some(values), private);
        if change {
            file.apply(&text("changed\n")).await.unwrap();
            file.private.clear();
        }
        file.delete().await.unwrap();
        assert!(!path.exists() && !file.mark().exists());
    }
    assert!(file.import("/no/such/file", &text("x")).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_checked_applied_again_and_removed() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let (flag, log) = (command.sshd.dir.path().join("flag"), command.sshd.dir.path().join("log"));
    let (f, l) = (flag.display(), log.display());
    let set = |trigger: &str| {
        [
            ("check", s(&format!("test -e {f}"))),
            ("apply", s(&format!("echo 'it'\"'s\" done; touch {f}; echo x >>{l}; sleep 60 & "))),
            ("remove", s(&format!("rm {f}"))),
            ("triggers", Value::map(Type::String, [("t", s(trigger))])),
        ]
    };
    let runs = || fs::read_to_string(&log).unwrap().lines().count();
    command.apply(&set("a")).await.unwrap();
    assert_eq!(runs(), 1);
    command.apply(&set("a")).await.unwrap();
    assert_eq!(runs(), 1, "in place: nothing to do");
    command.apply(&set("b")).await.unwrap();
    assert_eq!(runs(), 2, "a trigger runs it again");
    fs::remove_file(&flag).unwrap();
    assert_eq!(command.observed("in_place").await, Some(Value::bool(false)));
    let values = command.apply(&set("b")).await.unwrap();
    assert_eq!(runs(), 3);
    assert!(matches!(command.recover(values).await, Observed::Present { .. }));
    command.delete().await.unwrap();
    assert!(!flag.exists() && !command.mark().exists());
    command.delete().await.unwrap();
    assert_eq!(command.shell.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_a_check_goes_by_its_record() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let log = command.sshd.dir.path().join("log");
    let set = [("apply", s(&format!("echo x >>{}", log.display()))), ("survives_restart", Value::bool(false))];
    let runs = || fs::read_to_string(&log).unwrap().lines().count();
    let values = command.apply(&set).await.unwrap();
    command.apply(&set).await.unwrap();
    assert_eq!(runs(), 1);
    // As after a restart: the record is of another boot.
    let record = fs::read_to_string(command.mark()).unwrap();
    let boot = record.lines().nth(2).unwrap();
    fs::write(command.mark(), record.replace(boot, "another-boot")).unwrap();
    assert_eq!(command.observed("in_place").await, Some(Value::bool(false)));
    command.apply(&set).await.unwrap();
    assert_eq!(runs(), 2);
    command.delete().await.unwrap();
    assert!(matches!(command.recover(values).await, Observed::Absent));
}

/// A script whose connection is lost goes on, and whoever comes next waits for it instead of running it beside itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_lost_its_connection_is_waited_for() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let log = command.sshd.dir.path().join("log");
    let l = log.display();
    let go = command.sshd.dir.path().join("go");
    let waits = format!("echo begun >>{l}; while ! test -e {}; do sleep 0.05; done; echo ended >>{l}", go.display());
    let set = [("apply", s(&waits))];
    let lines = || fs::read_to_string(&log).unwrap_or_default();
    let cut = async {
        while !lines().contains("begun") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        command.shell.disconnect(&command.sshd.access).await;
    };
    let resource = Provider::resource(&command.provider, "lab_command").unwrap();
    let request = ApplyRequest {
        identity: command.identity.clone(),
        prior: None,
        planned: Some(command.config(&set)),
        config: None,
        private: Vec::new(),
        run: "run".into(),
        twin: None,
    };
    let ctx = context(command.sshd.dir.path());
    let (cut_off, ()) = tokio::join!(resource.apply(&ctx, request), cut);
    assert_eq!(cut_off.unwrap_err().kind, ErrorKind::Transient);
    let (found, ()) = tokio::join!(command.recover(command.config(&set)), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        fs::write(&go, "").unwrap();
    });
    let Observed::Present { values, .. } = found else { panic!("it was begun: {found:?}") };
    assert_eq!(values.get("in_place"), Some(&Value::bool(true)));
    command.apply(&set).await.unwrap();
    assert_eq!(lines(), "begun\nended\n");
    command.delete().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_has_its_time_and_what_was_done_before_is_imported() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let flag = command.sshd.dir.path().join("flag");
    let f = flag.display();
    let error = command.apply(&[("apply", s("echo waiting; sleep 60")), ("timeout", s("1s"))]).await.unwrap_err();
    assert_eq!((error.kind, error.details.as_str()), (ErrorKind::TimedOut, "waiting"));
    command.state = error.partial.map(|partial| *partial);
    command.delete().await.unwrap();
    command.state = None;
    let set =
        [("check", s(&format!("test -e {f}"))), ("apply", s(&format!("touch {f}"))), ("remove", s(&format!("rm {f}")))];
    assert!(command.import("any", &set).await.is_none());
    fs::write(&flag, "").unwrap();
    let (values, private) = command.import("any", &set).await.unwrap();
    (command.state, command.private) = (Some(values), private);
    command.delete().await.unwrap();
    assert!(!flag.exists());
}

/// What does not listen is killed, and what it has begun with it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_command_outlives_its_time() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let pids = command.sshd.dir.path().join("pids");
    let p = pids.display();
    for deaf in ["trap '' TERM;", ""] {
        let script = format!("(trap '' TERM; exec sleep 600) & echo $$ $! >>{p}; {deaf} echo waiting; sleep 600");
        let set = [("apply", s(&script)), ("timeout", s("2s"))];
        let error = command.apply(&set).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
        assert!(error.details.starts_with("waiting"), "{}", error.details);
        let pids = fs::read_to_string(&pids).unwrap();
        assert!(pids.split_whitespace().count() >= 2, "{pids}");
        for pid in pids.split_whitespace() {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            assert!(stat.is_empty() || stat.contains(") Z "), "still there: {stat}");
        }
    }
}

/// Longer than what Linux takes as one argument.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_has_any_length() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let flag = command.sshd.dir.path().join("flag");
    let f = flag.display();
    let long = "# it's \"long\" \\ %s\n".repeat(20_000);
    let set = [
        ("check", s(&format!("{long}test -e {f}"))),
        ("apply", s(&format!("{long}touch {f}"))),
        ("remove", s(&format!("{long}rm {f}"))),
        ("timeout", s("600s")),
    ];
    command.apply(&set).await.unwrap();
    assert!(flag.exists());
    command.delete().await.unwrap();
    assert!(!flag.exists() && !command.mark().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_command_says_how() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let error = command.apply(&[("apply", s("echo out; echo bad >&2; exit 42"))]).await.unwrap_err();
    assert!(error.message.contains("ended with status 42"), "{error}");
    assert_eq!(error.details, "out\nbad");
    let partial = *error.partial.unwrap();
    assert_eq!(partial.get("in_place"), Some(&Value::bool(false)));
    let begun = command.recover(partial.clone()).await;
    assert!(matches!(begun, Observed::Present { .. }), "a begun command is not absent: {begun:?}");
    let error = command.apply(&[("apply", s("true")), ("check", s("exit 7"))]).await.unwrap_err();
    assert!(error.message.contains("`check` still ends with status 7"), "{error}");
    command.state = Some(partial);
    command.delete().await.unwrap();
    assert!(!command.mark().exists());
}

/// A script that cannot find what never was made must not hold up whatever comes next; of what was made once, it must.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_never_succeeded_goes_though_it_cannot_be_removed() {
    let Some(mut command) = Object::new("lab_command") else { return };
    let flag = command.sshd.dir.path().join("flag");
    let f = flag.display();
    let set = |apply: String| [("apply", s(&apply)), ("remove", s(&format!("rm {f}")))];
    let error = command.apply(&set("exit 1".into())).await.unwrap_err();
    command.state = error.partial.map(|partial| *partial);
    command.delete().await.unwrap();
    assert!(!command.mark().exists());
    command.state = None;
    command.apply(&set(format!("touch {f}"))).await.unwrap();
    let error = command.apply(&set("exit 1".into())).await.unwrap_err();
    command.state = error.partial.map(|partial| *partial);
    fs::remove_file(&flag).unwrap();
    let error = command.delete().await.unwrap_err();
    assert!(error.message.contains("the `remove` script on machine `edge0` ended with status 1"), "{error}");
    fs::write(&flag, "").unwrap();
    command.delete().await.unwrap();
    assert!(!command.mark().exists() && !flag.exists());
    // Its check knows that it is gone; while it says that it is there, nothing is overlooked.
    command.state = None;
    let [apply, remove] = set(format!("touch {f}"));
    command.apply(&[apply, remove, ("check", s(&format!("test -e {f}")))]).await.unwrap();
    fs::remove_file(&flag).unwrap();
    fs::create_dir(&flag).unwrap();
    assert!(command.delete().await.is_err());
    fs::remove_dir(&flag).unwrap();
    command.delete().await.unwrap();
    assert!(!command.mark().exists());
}

/// Who is not let in cannot tell what is there, and may be let in by what the configuration says now.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_lets_nobody_in_is_unreachable_and_not_absent() {
    let Some(mut file) = Object::new("lab_file") else { return };
    let path = file.sshd.dir.path().join("f");
    file.apply(&[("path", s(path.to_str().unwrap())), ("content", s("x"))]).await.unwrap();
    let state = file.state.clone().unwrap();
    let mut other = file.sshd.access.clone();
    other.host_key = fs::read_to_string(file.sshd.dir.path().join("client.pub")).unwrap();
    file.state = Some(state.with("machine", other.to_value()));
    let Observed::Unreachable { reason } = file.read().await else { panic!("it is another machine") };
    assert!(reason.contains("another host key"), "{reason}");
    let error = file.delete().await.unwrap_err();
    assert!(
        error.details.starts_with("The fingerprint for the ED25519 key sent by the remote host is SHA256:"),
        "{error:?}"
    );
    assert!(error.remedy.contains("cplan state rm"), "{error:?}");
    file.state = Some(state);
    file.delete().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_gone_is_unreachable_and_not_absent() {
    let Some(mut file) = Object::new("lab_file") else { return };
    let path = file.sshd.dir.path().join("f");
    file.apply(&[("path", s(path.to_str().unwrap())), ("content", s("x"))]).await.unwrap();
    file.delete().await.unwrap();
    file.shell.close().await;
    file.sshd.stop();
    let Observed::Unreachable { reason } = file.read().await else { panic!("it does not answer") };
    assert!(reason.contains("edge0"), "{reason}");
}

/// The cost of a plan that finds nothing: however many objects, one session and one command per machine.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_machines_are_read_with_one_command_each() {
    let Some(object) = Object::new("lab_file") else { return };
    let machines: Vec<Sshd> = (0..20).filter_map(|_| Sshd::start()).collect();
    let mut requests = Vec::new();
    for (number, machine) in machines.iter().enumerate() {
        // The identity tells machines apart, as it does in a lab.
        let access = Access { id: format!("machine-{number}"), ..machine.access.clone() }.to_value();
        for n in 0..10 {
            let (ty, set) = match n % 2 {
                0 => ("lab_file", [("path", s(&format!("/no/such/file{n}"))), ("content", s("x"))]),
                _ => ("lab_command", [("check", s("true")), ("apply", s("true"))]),
            };
            let prior =
                set.iter().fold(Value::object([("machine", access.clone())]), |v, (name, x)| v.with(name, x.clone()));
            let identity = Identity { id: format!("none-{number}-{n}"), ..object.identity.clone() };
            requests.push((ty.to_owned(), ReadRequest { identity, prior, private: Vec::new(), boot_id: None }));
        }
    }
    let answers = object.provider.read(&context(object.sshd.dir.path()), requests).await;
    assert_eq!(answers.iter().filter(|a| matches!(a, Ok(Observed::Absent))).count(), 200);
    assert_eq!(object.shell.sessions(), 20);
    for machine in &machines {
        assert_eq!(machine.commands(), 1, "the read comes with the session");
    }
    object.shell.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_keep_the_promises_of_a_resource() {
    for ty in ["lab_file", "lab_command", "lab_forward"] {
        let Some(object) = Object::new(ty) else { return };
        let dir = object.sshd.dir.path().display().to_string();
        let (config, changed) = match ty {
            "lab_file" => {
                let path = ("path", s(&format!("{dir}/f")));
                (object.config(&[path.clone(), ("content", s("a"))]), object.config(&[path, ("content", s("b"))]))
            }
            "lab_forward" => {
                let port = |port: u16| [("remote_port", Value::number(u32::from(port)))];
                (object.config(&port(object.sshd.access.port)), object.config(&port(1)))
            }
            _ => {
                let set = |n: &str| {
                    [
                        ("check", s(&format!("test -e {dir}/{n}"))),
                        ("apply", s(&format!("touch {dir}/{n}"))),
                        ("remove", s(&format!("rm -f {dir}/{n}"))),
                    ]
                };
                (object.config(&set("a")), object.config(&set("b")))
            }
        };
        let ctx = context(object.sshd.dir.path());
        conformance::check(object.resource(), &object.provider, &ctx, &[Case { config, changed }]).await.unwrap();
    }
}
