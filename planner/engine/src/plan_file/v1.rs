//! Format 1: one JSON document. Every value stands once, in `known`, and is named by its position there.

mod address;
mod amendment;
mod change;
mod module;
mod operation;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cplan_config::load_saved_with;
use cplan_model::{SourceId, Span};
use cplan_store::v1::{CheckV1, ContentsV1, ValueV1};
use cplan_store::{decode_json, write_json};
use serde::{Deserialize, Serialize, Serializer};

use self::amendment::{AmendmentV1, DeferredV1};
use self::change::{ChangeV1, DriftV1, OutputV1};
use self::module::ModuleV1;
use self::operation::StepV1;
use self::value::{Reader, Ref, Writer};
use super::{FORMAT, PlanFile, PlanFileError};
use crate::plan::{Plan, PlanMode, PlanStep, Work};
use crate::values::Values;

/// What is wrong with a document, in words.
type Wrong = String;

/// What there is many of is a list when a document is read, and comes one by one when it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanV1<Changes = Vec<ChangeV1>, Steps = Vec<StepV1>, Known = Vec<ValueV1>> {
    format: u32,
    version: String,
    /// When it was made: seconds and nanoseconds since 1970.
    made: Option<(u64, u32)>,
    /// The folder that cplan was called in, where it was another one than that of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cwd: Option<String>,
    mode: ModeV1,
    partial: bool,
    #[serde(default = "looked")]
    refreshed: bool,
    errored: bool,
    lineage: String,
    serial: u64,
    schemas: BTreeMap<String, u64>,
    /// Paths and texts, in the order in which they were read.
    sources: Vec<(String, String)>,
    /// The variables that were given, as they were given.
    given: BTreeMap<String, Ref>,
    providers: BTreeMap<String, Ref>,
    state: ContentsV1,
    changes: Changes,
    drift: Vec<DriftV1>,
    steps: Steps,
    outputs: Vec<OutputV1>,
    amendments: Vec<AmendmentV1>,
    deferred: Vec<DeferredV1>,
    checks: Vec<CheckV1>,
    modules: Vec<ModuleV1>,
    /// Behind all that names them.
    known: Known,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeV1 {
    Normal,
    Destroy,
    RefreshOnly,
}

/// Source, first byte, one past the last.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct SpanV1(u32, u32, u32);

impl From<Span> for SpanV1 {
    fn from(span: Span) -> Self {
        SpanV1(span.source.0, span.start, span.end)
    }
}

impl From<SpanV1> for Span {
    fn from(SpanV1(source, start, end): SpanV1) -> Self {
        Span { source: SourceId(source), start, end }
    }
}

/// A list whose elements are made while it is written, so that they are never there all at once. Can be written once.
struct Each<I>(Cell<Option<I>>);

impl<I> Each<I> {
    fn of(elements: I) -> Self {
        Each(Cell::new(Some(elements)))
    }
}

impl<I: Iterator<Item: Serialize>> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}

/// Writes the document of a plan.
pub(super) fn write(file: &PlanFile, out: &mut impl Write) -> Result<(), PlanFileError> {
    let plan = &file.plan;
    let writer = RefCell::new(Writer::default());
    let w = || writer.borrow_mut();
    let made = plan.values.planned_at().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    let given = w().named(&plan.given);
    let document = PlanV1 {
        format: FORMAT,
        version: file.version.clone(),
        made: made.map(|since| (since.as_secs(), since.subsec_nanos())),
        cwd: plan.values.cwd().map(|cwd| cwd.display().to_string()),
        mode: match plan.mode {
            PlanMode::Normal => ModeV1::Normal,
            PlanMode::Destroy => ModeV1::Destroy,
            PlanMode::RefreshOnly => ModeV1::RefreshOnly,
        },
        partial: plan.partial,
        refreshed: plan.refreshed,
        errored: plan.errored,
        lineage: plan.lineage.clone(),
        serial: plan.serial,
        schemas: file.schemas.clone(),
        sources: plan
            .config
            .sources
            .iter()
            .map(|(_, file)| (file.path.display().to_string(), file.text.to_string()))
            .collect(),
        given,
        providers: plan.providers.iter().map(|(key, settings)| (key.clone(), w().value(settings))).collect(),
        state: (&file.state).into(),
        changes: Each::of(plan.changes.iter().map(|change| w().change(change))),
        drift: plan.drift.iter().map(|entry| w().drift(entry)).collect(),
        steps: Each::of(plan.steps.iter().map(|step| w().step(step))),
        outputs: plan.outputs.iter().map(|output| w().output(output)).collect(),
        amendments: plan.amendments.iter().map(|amendment| w().amendment(amendment)).collect(),
        deferred: plan.deferred.iter().map(|deferred| w().deferred(deferred)).collect(),
        checks: plan.checks.iter().map(CheckV1::from).collect(),
        modules: plan.values.save(|module| w().module(module)),
        known: Each::of((0..).map_while(|at| writer.borrow().at(at).map(ValueV1::from))),
    };
    write_json(out, &document).map_err(|e| PlanFileError::Unwritable { what: e.to_string() })
}

/// The plan of a document.
pub(super) fn read(document: &[u8], root: &Path) -> Result<PlanFile, PlanFileError> {
    let malformed = |what: Wrong| PlanFileError::Malformed { what };
    let dto: PlanV1 = decode_json(document).map_err(|e| malformed(e.to_string()))?;
    build(dto, root).map_err(malformed)
}

fn build(dto: PlanV1, root: &Path) -> Result<PlanFile, Wrong> {
    if dto.format != FORMAT {
        return Err(format!("it says that its format is {}", dto.format));
    }
    let reader = Reader::new(dto.known)?;
    let r = &reader;
    let mut variables = BTreeMap::new();
    for module in &dto.modules {
        variables.extend(module.root_variables(r)?);
    }
    let files = dto.sources.iter().map(|(path, text)| (Path::new(path), &**text));
    let (config, found) = load_saved_with(root, files, &|_| variables.clone());
    if found.has_errors() {
        return Err("its configuration has errors".to_owned());
    }
    // Places and, by them, expressions are the same only if the files are.
    let same = |((_, file), (path, text)): ((_, &cplan_model::SourceFile), &(String, String))| {
        file.path == Path::new(path) && *file.text == **text
    };
    if config.sources.iter().count() != dto.sources.len() || !config.sources.iter().zip(&dto.sources).all(same) {
        return Err("its configuration is not the one that it was made from".to_owned());
    }
    let made = dto
        .made
        .map(|(secs, nanos)| {
            let since = Duration::from_secs(secs).checked_add(Duration::from_nanos(nanos.into()));
            since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)).ok_or("its date is wrong")
        })
        .transpose()?;
    let config = Arc::new(config);
    let mut values = Values::new(&config.root, dto.cwd.map(PathBuf::from), made);
    for module in dto.modules {
        r.module(module, &mut values)?;
    }
    let plan = Plan {
        lineage: dto.lineage,
        serial: dto.serial,
        config,
        changes: all(dto.changes, |change| r.change(change))?,
        drift: all(dto.drift, |entry| r.drift(entry))?,
        steps: all(dto.steps, |step| r.step(step))?,
        outputs: all(dto.outputs, |output| r.output(output))?,
        mode: match dto.mode {
            ModeV1::Normal => PlanMode::Normal,
            ModeV1::Destroy => PlanMode::Destroy,
            ModeV1::RefreshOnly => PlanMode::RefreshOnly,
        },
        amendments: all(dto.amendments, |amendment| r.amendment(amendment))?,
        deferred: all(dto.deferred, |deferred| r.deferred(deferred))?,
        checks: all(dto.checks, |check| {
            check.try_into().map_err(|e: Box<dyn std::error::Error + Send + Sync>| e.to_string())
        })?
        .into_iter()
        .collect(),
        partial: dto.partial,
        refreshed: dto.refreshed,
        errored: dto.errored,
        given: r.unnamed(dto.given)?,
        providers: dto.providers.into_iter().map(|(key, at)| Ok((key, r.value(at)?))).collect::<Result<_, Wrong>>()?,
        values,
    };
    ordered(&plan.steps)?;
    Ok(PlanFile {
        plan,
        warnings: found,
        state: dto.state.try_into().map_err(|e: Box<dyn std::error::Error + Send + Sync>| e.to_string())?,
        schemas: dto.schemas,
        version: dto.version,
    })
}

fn all<T, U>(items: Vec<T>, f: impl FnMut(T) -> Result<U, Wrong>) -> Result<Vec<U>, Wrong> {
    items.into_iter().map(f).collect()
}

/// Whether every step stands where its number says and waits for others that there are, never in a circle.
fn ordered(steps: &[PlanStep]) -> Result<(), Wrong> {
    let mut waiting = vec![0_usize; steps.len()];
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        let known = step.id.0 == at && step.after.iter().all(|id| id.0 < steps.len());
        let whole = match &step.work {
            Work::Operation(operation) => {
                operation.finalise || operation.config.is_some() || operation.planned.is_none()
            }
            _ => true,
        };
        if !known || !whole {
            return Err("its steps are not in order".to_owned());
        }
        waiting[at] = step.after.len();
        step.after.iter().for_each(|id| next[id.0].push(at));
    }
    let mut ready: Vec<usize> = (0..steps.len()).filter(|at| waiting[*at] == 0).collect();
    let mut done = 0;
    while let Some(at) = ready.pop() {
        done += 1;
        for &follower in &next[at] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                ready.push(follower);
            }
        }
    }
    if done == steps.len() { Ok(()) } else { Err("its steps go in a circle".to_owned()) }
}

/// What plans of earlier versions, which do not say it, were made from in all likelihood: the world.
fn looked() -> bool {
    true
}
