//! Folders to [`Config`]: which files belong to a module, nested local modules, cycles of modules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Piece, SourceId, SourceMap, Span, Value};

use crate::{Config, Module, ModuleCall, Settings, parse, references};

mod address;
pub(crate) mod block;
mod check;
mod json;
mod meta;
mod module;
mod overrides;
mod paths;
mod provider;
mod refactor;
mod required;
mod resource;
mod settings;
mod statics;
mod tree;
mod variable;

pub(crate) use address::literal_key;
use module::Builder;
pub(crate) use module::{BLOCKS, LATER};
use overrides::overrides;
use paths::{clean, relative};
use statics::{Given, Statics};
use tree::{Beside, Disk, Saved, Tree};

/// How deep module calls may nest.
const MAX_MODULES: usize = 64;

/// Reads all configuration files of a folder as one module, and the local modules that it calls.
///
/// With errors the configuration holds what could be read; nothing should be planned from it.
///
/// A module's source may be an expression of variables and local values; here the variables have their defaults.
pub fn load(root: &Path) -> (Config, Diagnostics) {
    read(root, &Disk, &|_| BTreeMap::new())
}

/// The same where the variables of the root module have values: `given` tells them ([`crate::collect_variables`]) of the
/// root module, without what it calls. It is asked only where a module's source names a variable.
pub fn load_with(root: &Path, given: &dyn Fn(&Config) -> BTreeMap<Arc<str>, Value>) -> (Config, Diagnostics) {
    read(root, &Disk, given)
}

/// The same with one more file in the root module, which need not be there: its name, and its text.
pub fn load_beside(
    root: &Path,
    (name, text): (&str, &str),
    given: &dyn Fn(&Config) -> BTreeMap<Arc<str>, Value>,
) -> (Config, Diagnostics) {
    let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    read(root, &Beside { path: clean(&absolute).join(name), text }, given)
}

/// The same from files that were read before, by the paths that [`Config::sources`] gave them; `root` is where the
/// configuration is taken to be. Touches no file.
pub fn load_saved<'a>(root: &Path, files: impl IntoIterator<Item = (&'a Path, &'a str)>) -> (Config, Diagnostics) {
    load_saved_with(root, files, &|_| BTreeMap::new())
}

/// The same with the values that the variables had.
pub fn load_saved_with<'a>(
    root: &Path,
    files: impl IntoIterator<Item = (&'a Path, &'a str)>,
    given: &dyn Fn(&Config) -> BTreeMap<Arc<str>, Value>,
) -> (Config, Diagnostics) {
    let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let files = files.into_iter().map(|(path, text)| (clean(&absolute.join(path)), text.into())).collect();
    read(root, &Saved { files }, given)
}

fn read(root: &Path, tree: &dyn Tree, given: &dyn Fn(&Config) -> BTreeMap<Arc<str>, Value>) -> (Config, Diagnostics) {
    let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let mut loader = Loader {
        root: clean(&absolute),
        tree,
        sources: SourceMap::default(),
        diagnostics: Diagnostics::new(),
        texts: BTreeMap::new(),
        loaded: BTreeMap::new(),
        calling: Vec::new(),
    };
    let dir = loader.root.clone();
    let given = |module: &Module| given(&Config { sources: SourceMap::default(), root: Arc::new(module.clone()) });
    let (module, _) = loader.module(&dir, None, &given);
    (Config { sources: loader.sources, root: module }, loader.diagnostics)
}

struct Loader<'t> {
    root: PathBuf,
    tree: &'t dyn Tree,
    sources: SourceMap,
    diagnostics: Diagnostics,
    /// Every file once.
    texts: BTreeMap<PathBuf, (SourceId, Arc<str>)>,
    /// Every module once, however often it is called, unless what it calls hangs on what its caller gives.
    loaded: BTreeMap<PathBuf, Arc<Module>>,
    /// The folders of the calls that led here.
    calling: Vec<(PathBuf, Option<Span>)>,
}

impl Loader<'_> {
    /// The module of a folder, and whether what it calls hangs on what is given.
    fn module(&mut self, dir: &Path, call: Option<Span>, given: Given<'_>) -> (Arc<Module>, bool) {
        if let Some(module) = self.loaded.get(dir) {
            return (module.clone(), false);
        }
        self.calling.push((dir.to_owned(), call));
        let mut builder = Builder::new(dir);
        let files = self.files(dir, call);
        self.read(&files, &mut builder);
        let (mut module, calls, diagnostics) = builder.finish();
        self.diagnostics.extend(diagnostics);
        let (mut found, mut hanging) = (Vec::new(), false);
        let statics = Statics::new(&module, given);
        for (name, call, source) in calls {
            hanging |= !references(&source).is_empty();
            let inputs = |_: &Module| statics.known(call.inputs.iter().map(|(name, (expr, _))| (name, expr)));
            match statics.source(&source) {
                Ok(path) => {
                    // A call whose module cannot be loaded is left out.
                    if let Some((module, inner)) = self.called(dir, &path, source.span, &inputs) {
                        hanging |= inner;
                        found.push((name, ModuleCall { module, ..call }));
                    }
                }
                Err(diagnostics) => self.diagnostics.extend(diagnostics),
            }
        }
        module.calls.extend(found);
        self.calling.pop();
        let module = Arc::new(module);
        if !hanging {
            self.loaded.insert(dir.to_owned(), module.clone());
        }
        (module, hanging)
    }

    /// The module that a call names.
    fn called(&mut self, dir: &Path, source: &str, span: Span, given: Given<'_>) -> Option<(Arc<Module>, bool)> {
        let mut refuse = |summary: &str, what: String, remedy: &str| {
            self.diagnostics.push(Diagnostic::error("module-source", summary, what).remedy(remedy).at(span));
        };
        if !(source.starts_with("./") || source.starts_with("../") || source == "." || source == "..") {
            refuse(
                "Unsupported module source",
                format!("{source:?} is not a local path; only modules in folders are supported."),
                "Write a path that begins with `./` or `../`.",
            );
            return None;
        }
        let path = clean(&dir.join(source));
        if let Some(at) = self.calling.iter().position(|(d, _)| *d == path) {
            let mut names: Vec<_> = self.calling[at..].iter().map(|(d, _)| self.shown(d)).collect();
            names.push(self.shown(&path));
            let mut diagnostic = Diagnostic::error(
                "module-cycle",
                "Module calls itself",
                format!("The module calls go in a circle: {}.", names.join(" -> ")),
            )
            .remedy("Remove one of the calls.")
            .at(span);
            for place in self.calling[at + 1..].iter().filter_map(|(_, span)| *span) {
                diagnostic = diagnostic.label(place, "also in the circle");
            }
            self.diagnostics.push(diagnostic);
            return None;
        }
        if self.calling.len() >= MAX_MODULES {
            refuse(
                "Modules nested too deeply",
                format!("Module calls nest deeper than {MAX_MODULES}."),
                "Call the modules from fewer levels.",
            );
            return None;
        }
        if !self.tree.is_dir(&path) {
            let shown = self.shown(&path);
            self.diagnostics.push(
                Diagnostic::error(
                    "module-source",
                    "Unreadable module directory",
                    format!("There is no folder `{shown}`."),
                )
                .remedy("Correct the path; it is relative to the folder of the file that calls.")
                .at(span),
            );
            return None;
        }
        Some(self.module(&path, Some(span), given))
    }

    /// The configuration files of a folder in the order of their names.
    fn files(&mut self, dir: &Path, call: Option<Span>) -> Vec<PathBuf> {
        let mut fail = |id, summary: &str, what: String, remedy: &str| {
            let diagnostic = Diagnostic::error(id, summary, what).remedy(remedy);
            self.diagnostics.push(match call {
                Some(span) => diagnostic.at(span),
                None => diagnostic,
            });
        };
        let entries = match self.tree.files(dir) {
            Ok(files) => files,
            Err(error) => {
                let what = format!("The folder `{}` cannot be read: {error}.", dir.display());
                fail("unreadable", "Unreadable folder", what, "Check that it exists and that you may read it.");
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> = entries
            .into_iter()
            .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(is_configuration))
            .collect();
        files.sort();
        if files.is_empty() {
            let what = format!("The folder `{}` has no configuration files.", dir.display());
            fail(
                "no-configuration",
                "No configuration files",
                what,
                "Write a file such as `main.hcl`, or name another folder.",
            );
        }
        files
    }

    /// Reads the files of a module. Where some override others, all of them are one text: what is merged from several
    /// files has one place.
    fn read(&mut self, files: &[PathBuf], builder: &mut Builder) {
        let name = |path: &PathBuf| path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if !files.iter().any(|path| overrides(&name(path))) {
            for path in files {
                let Some((source, text)) = self.text(path) else { continue };
                if !name(path).ends_with(".json") {
                    self.file(&text, source, false, builder);
                    continue;
                }
                let made = self.sources.reserve_made();
                let native = json::native(&text, source, 0);
                self.sources.set_made(made, native.pieces);
                self.diagnostics.extend(native.diagnostics);
                self.file(&native.text, made, true, builder);
            }
            return;
        }
        let made = self.sources.reserve_made();
        let (mut pieces, mut length) = (Vec::new(), 0);
        let (mut base, mut over) = (Vec::new(), Vec::new());
        for path in files {
            let Some((source, text)) = self.text(path) else { continue };
            let is_json = name(path).ends_with(".json");
            let text = if is_json {
                let native = json::native(&text, source, length);
                pieces.extend(native.pieces);
                self.diagnostics.extend(native.diagnostics);
                native.text.into()
            } else {
                let at = Span::new(source, length, length + text.len());
                pieces.push(Piece { start: at.start, end: at.end, origin: Span::new(source, 0, text.len()) });
                text
            };
            // A byte order mark may stand only at the beginning.
            let text = text.strip_prefix('\u{feff}').map_or_else(|| text.to_string(), |rest| format!("   {rest}"));
            let (body, diagnostics) = parse::body(&format!("{}{text}", " ".repeat(length)), made);
            length += text.len() + 1;
            self.diagnostics.extend(diagnostics);
            builder.outside(&body, made);
            let found = body.into_blocks().map(|block| (block, is_json));
            if overrides(&name(path)) { over.push(found.collect::<Vec<_>>()) } else { base.extend(found) }
        }
        self.sources.set_made(made, pieces);
        for blocks in over {
            self.diagnostics.extend(overrides::merge(&mut base, blocks, made));
        }
        builder.blocks(base, made);
    }

    fn file(&mut self, text: &str, source: SourceId, json: bool, builder: &mut Builder) {
        let (body, diagnostics) = parse::body(text, source);
        self.diagnostics.extend(diagnostics);
        builder.outside(&body, source);
        builder.blocks(body.into_blocks().map(|block| (block, json)), source);
    }

    /// What is in a file, and its id; what cannot be read is told.
    fn text(&mut self, path: &Path) -> Option<(SourceId, Arc<str>)> {
        if let Some(found) = self.texts.get(path) {
            return Some(found.clone());
        }
        let shown = relative(path, &self.root);
        let text = match self.tree.read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => {
                    let good = error.utf8_error().valid_up_to();
                    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                    let source = self.sources.add(shown.clone(), text);
                    let what = format!("`{}` is not UTF-8 text.", shown.display());
                    self.diagnostics.push(
                        Diagnostic::error("unreadable", "Invalid character encoding", what)
                            .remedy("Save the file as UTF-8.")
                            .at(Span::new(source, good, good + 1)),
                    );
                    return None;
                }
            },
            Err(error) => {
                let source = self.sources.add(shown.clone(), "");
                let what = format!("`{}` cannot be read: {error}.", shown.display());
                self.diagnostics.push(
                    Diagnostic::error("unreadable", "Unreadable file", what)
                        .remedy("Check that it is a file and that you may read it.")
                        .at(Span::new(source, 0, 0)),
                );
                return None;
            }
        };
        let text: Arc<str> = text.into();
        let source = self.sources.add(shown, Arc::clone(&text));
        self.texts.insert(path.to_owned(), (source, Arc::clone(&text)));
        Some((source, text))
    }

    fn shown(&self, dir: &Path) -> String {
        let path = relative(dir, &self.root);
        if path.as_os_str().is_empty() { ".".into() } else { path.display().to_string() }
    }
}

/// `*.tf` and `*.hcl`, and both with `.json`; but no dot files and no other tools' files (`x.pkr.hcl`, `x.tftest.hcl`).
fn is_configuration(name: &str) -> bool {
    if name.starts_with('.') || name.ends_with('~') {
        return false;
    }
    let native = name.strip_suffix(".json").unwrap_or(name);
    match native.strip_suffix(".hcl") {
        Some(stem) => !stem.contains('.'),
        None => native.ends_with(".tf"),
    }
}

/// What stands for a module that could not be read.
fn nothing(dir: &Path) -> Module {
    Module {
        dir: dir.to_owned(),
        settings: Settings::default(),
        variables: BTreeMap::new(),
        locals: BTreeMap::new(),
        outputs: BTreeMap::new(),
        providers: BTreeMap::new(),
        resources: BTreeMap::new(),
        calls: BTreeMap::new(),
        checks: BTreeMap::new(),
        moved: Vec::new(),
        imports: Vec::new(),
        removed: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_configuration;

    #[test]
    fn leaves_other_tools_files_alone() {
        assert!(["main.tf", "a.hcl", "a.b.tf", "a.tf.json", "a.hcl.json"].into_iter().all(is_configuration));
        let not = [
            ".terraform.lock.hcl",
            "x.pkr.hcl",
            "x.tftest.hcl",
            "a.tfvars",
            "a.tf~",
            ".a.tf",
            "a.json",
            "x.pkr.json",
            "x.pkr.hcl.json",
            "x.tftest.json",
        ];
        assert!(!not.into_iter().any(is_configuration));
    }
}
