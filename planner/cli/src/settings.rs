//! What was typed and what the environment says, resolved: the only place that reads environment variables.

mod options;

use std::env;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cplan_config::VariableFlag;
use cplan_engine::PlanOptions;
use cplan_model::{Format, parse_quantity};
use cplan_store::Holder;

use crate::args::{ApplyArgs, Args, CacheCommand, Command, LockFlags, PlanArgs, PlanFlags, StateCommand, truth};
use crate::clock::Moment;
use crate::failure::CommandError;
use options::options;

/// Everything that decides how a command works.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The folder of the topology, absolute.
    pub(crate) dir: PathBuf,
    /// The folder that cplan was called in, where it is another one.
    pub(crate) cwd: Option<PathBuf>,
    /// What to put before paths that are shown: `-chdir` as typed.
    pub(crate) shown: PathBuf,
    /// The `.cplan` folder beside the topology.
    pub(crate) data_dir: PathBuf,
    /// Whether colours are wanted.
    pub(crate) colour: bool,
    /// Whether the terminal cannot redraw.
    pub(crate) dumb: bool,
    /// The output of every step is shown.
    pub(crate) verbose: bool,
    /// JSON instead of text.
    pub(crate) json: bool,
    /// JSON line by line, as things go on.
    pub(crate) stream: bool,
    /// What a plan is to be about.
    pub(crate) options: PlanOptions,
    /// Whether the command is `destroy`, and not one that can destroy by a flag.
    pub(crate) destroys: bool,
    /// Whether the command needs a configuration: a folder without one is an empty one for all others.
    pub(crate) needs_configuration: bool,
    /// All drift is shown, also where it bears on no change.
    pub(crate) show_drift: bool,
    /// Warnings in one line each.
    pub(crate) compact_warnings: bool,
    /// Nobody reads along: what to do next is not said.
    pub(crate) automation: bool,
    /// Whether questions may be asked.
    pub(crate) input: bool,
    /// How many steps run at a time.
    pub(crate) parallelism: usize,
    /// How long a held state is waited for.
    pub(crate) lock_timeout: Duration,
    /// Variables from the command line, in order.
    pub(crate) variables: Vec<VariableFlag>,
    /// The environment's variables that may set variables of the configuration.
    pub(crate) environment: Vec<(String, String)>,
    /// A socket of a fake world, for tests.
    pub(crate) fake_world: Option<PathBuf>,
    /// The libvirt that is meant where the provider block names none (`LIBVIRT_DEFAULT_URI`, as libvirt's own tools take
    /// it).
    pub(crate) libvirt_uri: Option<String>,
    /// Where images and disks lie, where the provider block says nothing.
    pub(crate) cache_dir: PathBuf,
    /// For tests: the process aborts when the store passes its n-th boundary.
    pub(crate) abort_at: Option<u64>,
    /// The binary that runs inside machines.
    pub(crate) guest: PathBuf,
    /// Who works on which host, for the lock.
    pub(crate) holder: Holder,
    /// The folder for sockets; short, because a socket's path is.
    pub(crate) runtime_dir: PathBuf,
}

impl Settings {
    /// Resolves what was typed.
    pub(crate) fn new(args: &Args) -> Result<Settings, CommandError> {
        let shown = args.chdir.clone().unwrap_or_default();
        let named = args.chdir.as_deref().unwrap_or(Path::new("."));
        let dir = named.canonicalize().map_err(|e| CommandError::file("open the folder", named, e))?;
        if !dir.is_dir() {
            return Err(CommandError::file("open the folder", named, std::io::ErrorKind::NotADirectory.into()));
        }
        let flags = plan_flags(&args.command);
        let lock_timeout = lock(&args.command).map_or(Ok(Duration::ZERO), |f| duration(&f.lock_timeout))?;
        let text = variable;
        let term = text("TERM");
        Ok(Settings {
            shown,
            cwd: env::current_dir().ok().filter(|cwd| *cwd != dir),
            data_dir: dir.join(".cplan"),
            colour: !args.no_color && text("NO_COLOR").is_none(),
            dumb: term.is_none() || term.as_deref() == Some("dumb"),
            verbose: args.verbose,
            json: json(&args.command),
            stream: json(&args.command)
                && matches!(
                    args.command,
                    Command::Plan(_) | Command::Apply(_) | Command::Destroy(_) | Command::Refresh(_)
                ),
            destroys: matches!(args.command, Command::Destroy(_)),
            needs_configuration: match &args.command {
                Command::Plan(PlanArgs { mode, .. }) | Command::Apply(ApplyArgs { mode, .. }) => !mode.destroy,
                _ => false,
            },
            options: options(&args.command)?,
            show_drift: flags.is_some_and(|f| f.show_drift),
            compact_warnings: flags.is_some_and(|f| f.compact_warnings),
            automation: text("TF_IN_AUTOMATION").or_else(|| text("CPLAN_IN_AUTOMATION")).is_some(),
            input: flags
                .and_then(|f| f.input)
                .or_else(|| text("TF_INPUT").or_else(|| text("CPLAN_INPUT")).and_then(|v| truth(&v)))
                .unwrap_or(true),
            parallelism: flags.map_or(Ok(10), |f| parallelism(f.parallelism))?,
            lock_timeout,
            variables: flags.map(|f| f.variables.iter().map(|v| below(&dir, v)).collect()).unwrap_or_default(),
            environment: env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .filter(|(k, _)| k.starts_with("TF_VAR_") || k.starts_with("CPLAN_VAR_"))
                .collect(),
            fake_world: text("CPLAN_FAKE_WORLD").map(|path| absolute(path.into())),
            libvirt_uri: text("LIBVIRT_DEFAULT_URI"),
            cache_dir: cache_dir(),
            abort_at: text("CPLAN_ABORT_AT").and_then(|n| n.parse().ok()),
            guest: text("CPLAN_GUEST").map_or_else(guest_beside_us, |path| absolute(path.into())),
            holder: Holder {
                user: text("USER")
                    .or_else(|| text("LOGNAME"))
                    .or_else(user_of_process)
                    .unwrap_or_else(|| "unknown".to_owned()),
                host: std::fs::read_to_string("/proc/sys/kernel/hostname")
                    .map_or_else(|_| "localhost".to_owned(), |h| h.trim().to_owned()),
                pid: std::process::id(),
                command: format!("cplan {}", word(&args.command)),
                since: Moment::now().readable(),
            },
            runtime_dir: text("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .filter(|d| d.is_dir())
                .unwrap_or_else(env::temp_dir),
            dir,
        })
    }
}

impl Settings {
    /// The place of a file that was typed, which is meant from the folder of the topology.
    pub(crate) fn typed(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }
}

/// A variable of the environment, where it is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// Files of variables are looked for below the folder of the topology.
fn below(dir: &Path, flag: &VariableFlag) -> VariableFlag {
    match flag {
        VariableFlag::File(path) => VariableFlag::File(dir.join(path)),
        value @ VariableFlag::Value(_) => value.clone(),
    }
}

/// A path that is meant from where cplan works: libvirt and QEMU work elsewhere.
pub(crate) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn guest_beside_us() -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name("cplan-guest")
}

/// `/var/lib/cplan`, where this user may write there. Otherwise a folder of the user's own, in a place that QEMU's user can
/// get through to, which a home folder mostly is not.
fn cache_dir() -> PathBuf {
    let shared = PathBuf::from("/var/lib/cplan");
    let Some(uid) = std::fs::metadata("/proc/self").ok().map(|m| m.uid()).filter(|uid| *uid != 0) else {
        return shared;
    };
    if tempfile::tempfile_in(&shared).is_ok() {
        return shared;
    }
    // Anybody may make folders there: one of the same name that is not ours is left alone.
    let own = (1u32..).map(|n| {
        PathBuf::from(if n == 1 { format!("/var/tmp/cplan-{uid}") } else { format!("/var/tmp/cplan-{uid}-{n}") })
    });
    let ours = |path: &PathBuf| std::fs::symlink_metadata(path).map_or(true, |m| m.is_dir() && m.uid() == uid);
    own.take(100).find(ours).unwrap_or(shared)
}

/// The name of this process's user, by /etc/passwd (passwd(5)).
fn user_of_process() -> Option<String> {
    let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find(|l| l.split(':').nth(2) == Some(uid.as_str()))?;
    line.split(':').next().map(str::to_owned)
}

fn duration(text: &str) -> Result<Duration, CommandError> {
    parse_quantity(Format::Duration, text)
        .map(Duration::from_nanos)
        .map_err(|e| CommandError::told("invalid-lock-timeout", "Invalid -lock-timeout", e.what, e.remedy))
}

/// Terraform's reading: 0 is the default.
fn parallelism(given: i64) -> Result<usize, CommandError> {
    match usize::try_from(given) {
        Ok(0) => Ok(10),
        Ok(n) => Ok(n),
        Err(_) => {
            let what = format!("The parallelism must be a positive value. Not {given}.");
            Err(CommandError::told(
                "invalid-parallelism",
                "Invalid parallelism value",
                what,
                "Leave it out, or name how many steps may run at a time.",
            ))
        }
    }
}

fn plan_flags(command: &Command) -> Option<&PlanFlags> {
    match command {
        Command::Plan(args) => Some(&args.flags),
        Command::Drift(args) => Some(&args.flags),
        Command::Apply(args) => Some(&args.flags),
        Command::Destroy(args) => Some(&args.flags),
        Command::Console(args) => Some(&args.flags),
        Command::Why(args) => Some(&args.flags),
        Command::Refresh(args) => Some(&args.flags),
        Command::Import(args) => Some(&args.flags),
        _ => None,
    }
}

fn lock(command: &Command) -> Option<&LockFlags> {
    match command {
        Command::State(StateCommand::Mv(args)) => Some(&args.lock),
        Command::State(StateCommand::Rm(args)) => Some(&args.lock),
        Command::State(StateCommand::Push(args)) => Some(&args.lock),
        Command::Taint(args) | Command::Untaint(args) => Some(&args.lock),
        _ => plan_flags(command).map(|flags| &flags.lock),
    }
}

fn json(command: &Command) -> bool {
    match command {
        Command::Validate(args) | Command::Doctor(args) | Command::Version(args) => args.json,
        Command::Cache(CacheCommand::List(args)) => args.json,
        Command::Cache(CacheCommand::Prune(args)) => args.cache.json,
        Command::Show(args) => args.json,
        Command::Output(args) => args.json,
        _ => plan_flags(command).is_some_and(|f| f.json),
    }
}

/// The command's name.
pub(crate) fn word(command: &Command) -> &'static str {
    match command {
        Command::Validate(_) => "validate",
        Command::Plan(_) => "plan",
        Command::Apply(_) => "apply",
        Command::Destroy(_) => "destroy",
        Command::Drift(_) => "drift",
        Command::Show(_) => "show",
        Command::Output(_) => "output",
        Command::Console(_) => "console",
        Command::Why(_) => "why",
        Command::Completions(_) => "completions",
        Command::Man(_) => "man",
        Command::Graph(_) => "graph",
        Command::State(_) => "state",
        Command::Logs(_) => "logs",
        Command::Cache(_) => "cache",
        Command::Ssh(_) => "ssh",
        Command::Machine(_) => "machine",
        Command::Fmt(_) => "fmt",
        Command::Doctor(_) => "doctor",
        Command::Taint(_) => "taint",
        Command::Untaint(_) => "untaint",
        Command::Import(_) => "import",
        Command::Refresh(_) => "refresh",
        Command::Init(_) => "init",
        Command::Get(_) => "get",
        Command::ForceUnlock(_) => "force-unlock",
        Command::Version(_) => "version",
    }
}
