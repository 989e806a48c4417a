//! What every command needs: the configuration, the state, the providers, and a way to tell the user.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use cplan_config::{Config, Variables};
use cplan_engine::PlanInput;
use cplan_model::{Diagnostic, Diagnostics, SourceMap, Value};
use cplan_sdk::{Context, Progress};
use cplan_store::{Boundary, Options, Reading, SledStore, State, Store as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clock::Moment;
use crate::data_folder;
use crate::failure::CommandError;
use crate::registry::Providers;
use crate::render::diagnostic::{View, diagnostics, merged, summaries};
use crate::render::{failure, json};
use crate::run_log::RunLog;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// What the variables are, asked of a root module.
type Given<'g> = &'g dyn Fn(&Config) -> BTreeMap<Arc<str>, Value>;

/// One run of one command.
pub(crate) struct Session {
    /// How it works.
    pub(crate) settings: Settings,
    /// Whom it tells.
    pub(crate) terminal: Terminal,
    /// What exists.
    pub(crate) providers: Providers,
    /// Where it writes.
    pub(crate) log: Arc<RunLog>,
    /// Interrupts it.
    pub(crate) cancel: CancellationToken,
}

impl Session {
    /// A session that has done nothing yet.
    pub(crate) fn new(settings: Settings, terminal: Terminal) -> Self {
        let providers = Providers::new(&settings);
        let log = Arc::new(RunLog::new(&settings.data_dir));
        Session { settings, terminal, providers, log, cancel: CancellationToken::new() }
    }

    /// The configuration, with its warnings; its errors end the command.
    pub(crate) fn load(&self) -> Result<(Arc<Config>, Diagnostics), CommandError> {
        self.loaded(|dir, given| cplan_config::load_with(dir, given))
    }

    /// The same with one file more: its name and its text.
    pub(crate) fn load_beside(&self, name: &str, text: &str) -> Result<(Arc<Config>, Diagnostics), CommandError> {
        self.loaded(|dir, given| cplan_config::load_beside(dir, (name, text), given))
    }

    fn loaded(
        &self,
        load: impl FnOnce(&Path, Given<'_>) -> (Config, Diagnostics),
    ) -> Result<(Arc<Config>, Diagnostics), CommandError> {
        let given = |config: &Config| {
            cplan_config::collect_variables(config, &self.settings.environment, &self.settings.variables).0.values
        };
        let (config, mut found) = load(&self.settings.dir, &given);
        if !self.settings.needs_configuration {
            let beside = |d: &Diagnostic| d.id != "no-configuration" || d.primary.is_some();
            let others: Vec<Diagnostic> = found.into_iter().filter(beside).collect();
            found = Diagnostics::new();
            found.extend(others);
        }
        let config = Arc::new(config);
        refuse(found, &config).map(|warnings| (config, warnings))
    }

    /// The configuration, and beside it the state with the intents that are open: at scale each takes its time, and
    /// neither needs the other. No state where there is none yet.
    pub(crate) fn load_with_state(&self) -> Result<(Arc<Config>, Diagnostics, Option<Reading>), CommandError> {
        let dir = &self.settings.data_dir;
        let there = data_folder::exists(dir);
        let is_there = matches!(there, Ok(true));
        let read = || if is_there { cplan_store::read_unsettled(dir) } else { Ok(None) };
        let (loaded, reading) = std::thread::scope(|scope| {
            // Values nest as deep as users like.
            let beside = std::thread::Builder::new().stack_size(32 << 20).spawn_scoped(scope, read);
            let loaded = self.load();
            let reading = match beside {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(_) => read(),
            };
            (loaded, reading)
        });
        let (config, warnings) = loaded?;
        there?;
        Ok((config, warnings, reading?))
    }

    /// What a plan is made from.
    pub(crate) fn input(&self, config: &Arc<Config>, state: State) -> Result<PlanInput<'_>, CommandError> {
        let (variables, found) =
            cplan_config::collect_variables(config, &self.settings.environment, &self.settings.variables);
        self.warn(&refuse(found, config)?, &config.sources);
        Ok(self.made_of(config, variables, state))
    }

    fn made_of(&self, config: &Arc<Config>, variables: Variables, state: State) -> PlanInput<'_> {
        PlanInput {
            config: Arc::clone(config),
            variables: variables.values,
            given: variables.given,
            state,
            registry: &self.providers.registry,
            options: self.settings.options.clone(),
            now: Some(SystemTime::now()),
            cwd: self.settings.cwd.clone(),
        }
    }

    /// The same where variables may be missing: they are not known then.
    pub(crate) fn partial_input(&self, config: &Arc<Config>, state: State) -> Result<PlanInput<'_>, CommandError> {
        let (variables, found) =
            cplan_config::collect_variables(config, &self.settings.environment, &self.settings.variables);
        let given = found.into_iter().filter(|d| d.id != "missing-variable").fold(Diagnostics::new(), |mut all, d| {
            all.push(d);
            all
        });
        self.warn(&refuse(given, config)?, &config.sources);
        Ok(self.made_of(config, variables, state))
    }

    /// The state as it is committed now, beside whoever holds it.
    pub(crate) fn read_state(&self) -> Result<State, CommandError> {
        Ok(self.read_unsettled()?.map(|reading| reading.state).unwrap_or_default())
    }

    /// The same with the intents that are open; `None` where there is no state yet.
    pub(crate) fn read_unsettled(&self) -> Result<Option<Reading>, CommandError> {
        if !data_folder::exists(&self.settings.data_dir)? {
            return Ok(None);
        }
        Ok(cplan_store::read_unsettled(&self.settings.data_dir)?)
    }

    /// The state, held by this process alone.
    pub(crate) fn store(&self) -> Result<SledStore, CommandError> {
        let dir = &self.settings.data_dir;
        data_folder::make(dir)?;
        Ok(SledStore::open_with(dir, self.store_options())?)
    }

    /// Gives a folder without a state this one. What it has then: another one, where somebody was faster.
    pub(crate) fn establish(&self, state: &State) -> Result<State, CommandError> {
        let dir = &self.settings.data_dir;
        data_folder::make(dir)?;
        SledStore::establish(dir, &self.store_options(), state)?;
        self.read_state()
    }

    fn store_options(&self) -> Options {
        let mut options = Options::new(self.settings.holder.clone());
        options.patience = options.patience.max(self.settings.lock_timeout);
        if let Some(last) = self.settings.abort_at {
            let passed = AtomicU64::new(0);
            options.faults = Some(Arc::new(move |_: Boundary| {
                if passed.fetch_add(1, Ordering::SeqCst) + 1 == last {
                    std::process::abort();
                }
            }));
        }
        options
    }

    /// The same with nothing under way: what an interrupted run left is known by its address and by the serial, so it
    /// must be settled before either changes.
    pub(crate) fn settled_store(&self) -> Result<(SledStore, State), CommandError> {
        let store = self.store()?;
        if let Some(first) = store.intents()?.first() {
            let what =
                format!("An interrupted run left {} unsettled, and the state is about to change.", first.key.address);
            let remedy = "Run `cplan apply` first: it looks there and settles.";
            return Err(CommandError::told("unsettled-state", "An interrupted run is not settled", what, remedy));
        }
        let state = store.load()?;
        Ok((store, state))
    }

    /// The context of engine and providers.
    pub(crate) fn context(&self, progress: Arc<dyn Progress>) -> Context {
        Context::new(&self.settings.data_dir, progress, self.cancel.clone())
    }

    /// How diagnostics are shown.
    pub(crate) fn view<'a>(&'a self, sources: &'a SourceMap) -> View<'a> {
        let (style, width) = (self.terminal.error_style(), self.terminal.error_width());
        View { sources, prefix: &self.settings.shown, style, width }
    }

    /// Shows warnings: as lines of a stream of JSON; in a document of JSON they stand anyway.
    pub(crate) fn warn(&self, list: &Diagnostics, sources: &SourceMap) {
        if self.settings.stream {
            let _ = self.terminal.out(&self.lines(list, sources));
        } else if !self.settings.json && !list.is_empty() {
            let view = self.view(sources);
            let compact = self.settings.compact_warnings && !list.has_errors();
            self.terminal.err(&if compact { summaries(list, view.style) } else { diagnostics(list, &view) });
        }
    }

    /// Diagnostics as lines of JSON.
    fn lines(&self, list: &Diagnostics, sources: &SourceMap) -> String {
        let (view, now) = (self.view(sources), Moment::now().precise());
        merged(list).iter().map(|(d, _)| json::line(&json::stream::diagnostic(d, &view, &now))).collect()
    }

    /// Writes to standard output.
    pub(crate) fn print(&self, text: &str) -> Result<(), CommandError> {
        self.terminal.out(text).map_err(CommandError::Output)
    }

    /// Shows why the command failed.
    pub(crate) fn tell(&self, error: &CommandError) -> Result<(), std::io::Error> {
        match error {
            CommandError::Refused(list, sources) if self.settings.stream => {
                return self.terminal.out(&self.lines(list, sources));
            }
            CommandError::Failed(error, remedy) if self.settings.stream => {
                let detail = failure::causes_and_remedy(&**error, remedy);
                let failed = Diagnostic::error("failed", error.to_string(), detail);
                return self.terminal.out(&self.lines(&failed.into(), &SourceMap::default()));
            }
            CommandError::Refused(list, sources) => {
                let view = self.view(sources);
                if self.settings.json {
                    return self.terminal.out(&json::text(&json::diagnostic::report(list, &view)));
                }
                self.terminal.err(&diagnostics(list, &view));
            }
            CommandError::Failed(error, remedy) if self.settings.json => {
                let diagnostic = json!({
                    "severity": "error",
                    "summary": error.to_string(),
                    "detail": failure::causes_and_remedy(&**error, remedy),
                });
                let report = json!({
                    "format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 0,
                    "diagnostics": [diagnostic],
                });
                return self.terminal.out(&json::text(&report));
            }
            CommandError::Failed(error, remedy) => {
                self.terminal.err(&failure::chain(&**error, remedy, self.terminal.error_style()));
            }
            CommandError::Output(error) => {
                self.terminal.err(&failure::chain(error, "", self.terminal.error_style()));
            }
        }
        Ok(())
    }

    /// A path below the folder of the topology, as it is shown.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.settings.dir)
            .map_or_else(|_| path.to_owned(), |below| self.settings.shown.join(below))
            .display()
            .to_string()
    }
}

/// The warnings, unless there are errors.
pub(crate) fn refuse(found: Diagnostics, config: &Arc<Config>) -> Result<Diagnostics, CommandError> {
    if found.has_errors() { Err(CommandError::Refused(found, config.sources.clone())) } else { Ok(found) }
}
