//! One of the two programs in a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cplan_tests::binaries;
use cplan_tests::folder::Finished;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::answer::{Answer, REFUSED};
use super::case::Step;
use super::exact;
use super::identity::Identities;
use super::normal::normal;

/// A warning that terraform gives or keeps back by the order in which it comes upon what it wrote; cplan has nothing to warn of.
const BY_CHANCE: &str = "Config generation is experimental";

/// Where a plan is saved.
const PLAN: &str = "saved.plan";

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tool {
    Terraform,
    Cplan,
}

/// A program, its folder and what is known of its objects.
pub(crate) struct Side {
    tool: Tool,
    dir: TempDir,
    ids: Identities,
    env: Vec<(String, String)>,
}

impl Side {
    pub(crate) fn new(tool: Tool) -> Self {
        let dir = tempfile::Builder::new().prefix("cplan-oracle-").tempdir().unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        Side { tool, dir, ids: Identities::default(), env: Vec::new() }
    }

    /// Runs a step: one answer, or those of the commands that it stands for.
    pub(crate) fn run(&mut self, step: &Step) -> Vec<Answer> {
        self.env.clone_from(&step.env);
        if let Some(failure) = self.write(&step.files) {
            return vec![failure];
        }
        let (command, flags) = step.command.split_first().expect("a command");
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        match command.as_str() {
            "plan" => vec![self.plan(&flags)],
            "try" => vec![self.try_plan(&flags)],
            "apply" => vec![self.apply(&flags)],
            "stream" => vec![self.stream(&flags)],
            "up" => {
                let plan = self.plan(&flags);
                let mut answers = vec![plan];
                if answers[0].status != 1 {
                    answers.push(self.apply(&[]));
                }
                answers
            }
            "validate" => {
                let finished = self.program(&["validate", "-json"], "");
                vec![self.answer("validate", &finished)]
            }
            "refusals" => vec![self.refusals(&flags)],
            "console" => vec![self.console(&flags)],
            other => vec![self.other(other, &flags)],
        }
    }

    /// Writes the files; a failure to install modules is an answer.
    fn write(&self, files: &[(String, Option<String>)]) -> Option<Answer> {
        for (name, text) in files {
            let path = self.work().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text {
                Some(text) => std::fs::write(path, text).unwrap(),
                None => std::fs::remove_file(path).unwrap(),
            }
        }
        let modular = files.iter().any(|(_, text)| {
            let text = text.as_deref().unwrap_or_default();
            text.lines().any(|l| l.trim_start().starts_with("module \"")) || text.contains("\"module\":")
        });
        if self.tool == Tool::Cplan || !modular {
            return None;
        }
        let finished = self.program(&["get"], "");
        (finished.status != Some(0)).then(|| self.answer("get", &finished))
    }

    fn plan(&mut self, flags: &[&str]) -> Answer {
        let out = format!("-out={PLAN}");
        let _ = std::fs::remove_file(self.work().join(PLAN));
        let mut arguments = vec!["plan", "-json", "-input=false", "-detailed-exitcode", &out];
        arguments.extend(flags);
        let finished = self.program(&arguments, "");
        let mut answer = self.answer("plan", &finished);
        if answer.status != 1 {
            self.show(&mut answer, "plan", &["show", "-json", PLAN]);
        }
        answer
    }

    /// A plan that is shown though it has errors.
    fn try_plan(&mut self, flags: &[&str]) -> Answer {
        let mut answer = self.plan(flags);
        if answer.status == 1 && self.work().join(PLAN).exists() {
            self.show(&mut answer, "plan", &["show", "-json", PLAN]);
        }
        answer
    }

    /// What a command tells on its way, line by line; the order of what happens side by side is chance.
    fn stream(&mut self, command: &[&str]) -> Answer {
        let mut arguments = command.to_vec();
        arguments.insert(1, "-json");
        if command[0] != "plan" {
            arguments.insert(2, "-auto-approve");
        }
        let finished = self.program(&arguments, "");
        let mut answer = self.answer(&format!("stream {}", command.join(" ")), &finished);
        let dir = self.dir.path().to_string_lossy().into_owned();
        let mut lines: BTreeMap<String, Vec<Json>> = BTreeMap::new();
        for line in finished.stdout.lines().filter_map(exact::parse) {
            // What is wrong is compared by its summary, as everywhere.
            // Only what takes long is told to be under way.
            let kind = line["type"].as_str().unwrap_or_default();
            if kind == "version" || kind == "diagnostic" || kind.ends_with("_progress") {
                continue;
            }
            let mut line = normal(&line, &mut self.ids, &dir);
            let message = untimed(line["@message"].as_str().unwrap_or_default()).replace("cplan", "Terraform");
            if let Some(line) = line.as_object_mut() {
                line.retain(|name, _| !matches!(name.as_str(), "@message" | "@timestamp"));
                if let Some(hook) = line.get_mut("hook").and_then(Json::as_object_mut) {
                    hook.remove("elapsed_seconds");
                }
            }
            lines.entry(message).or_default().push(line);
        }
        answer.documents.insert("lines".into(), json!(lines));
        answer
    }

    /// Of the saved plan when there is one and nothing else is asked for.
    fn apply(&mut self, flags: &[&str]) -> Answer {
        let saved = flags.is_empty() && self.work().join(PLAN).exists();
        let mut arguments = vec!["apply", "-json", "-input=false"];
        arguments.push(if saved { PLAN } else { "-auto-approve" });
        arguments.extend(flags);
        let finished = self.program(&arguments, "");
        let mut answer = self.answer("apply", &finished);
        let _ = std::fs::remove_file(self.work().join(PLAN));
        self.show(&mut answer, "state", &["show", "-json"]);
        answer
    }

    /// What `validate` or `plan` refuses in `main.tf`, by the number and the text of the line.
    fn refusals(&self, command: &[&str]) -> Answer {
        let mut arguments = command.to_vec();
        arguments.push("-json");
        let finished = self.program(&arguments, "");
        let text = std::fs::read_to_string(self.work().join("main.tf")).unwrap();
        let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for one in diagnostics(&finished.stdout).iter().filter(|d| d["severity"] == "error") {
            let line = one["range"]["start"]["line"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
            let source = line.checked_sub(1).and_then(|i| text.lines().nth(i)).unwrap_or_default().trim();
            let summary = summary(one["summary"].as_str().unwrap_or_default());
            lines.entry(format!("{line:0>4} {source}")).or_default().insert(summary);
        }
        let mut answer = Answer { command: command.join(" "), said: finished.text(), ..Answer::default() };
        let lines = lines.into_iter().map(|(line, summaries)| (line, json!(summaries)));
        answer.documents.insert(REFUSED.into(), Json::Object(lines.collect()));
        answer
    }

    fn console(&self, expressions: &[&str]) -> Answer {
        let finished = self.program(&["console"], &format!("{}\n", expressions.join(" ")));
        let mut answer = self.answer("console", &finished);
        let said = finished.stdout.trim_end().replace(&*self.dir.path().to_string_lossy(), "<dir>");
        let lines = said.lines().map(|l| Json::from(self.ids.name(l))).collect();
        answer.documents.insert("console".into(), lines);
        answer
    }

    fn other(&mut self, command: &str, flags: &[&str]) -> Answer {
        let mut arguments = vec![command];
        arguments.extend(flags);
        if command == "destroy" {
            arguments.extend(["-json", "-auto-approve"]);
        }
        let finished = self.program(&arguments, "");
        let mut answer = self.answer(&[&[command], flags].concat().join(" "), &finished);
        let silent =
            matches!(command, "output") || flags.first().is_some_and(|f| matches!(*f, "list" | "show" | "pull"));
        if silent && answer.status == 0 {
            let said = match exact::parse(&finished.stdout) {
                Some(json) => normal(&json, &mut self.ids, &self.dir.path().to_string_lossy()),
                None => finished.stdout.lines().map(|l| Json::from(self.ids.name(l))).collect(),
            };
            answer.documents.insert("said".into(), said);
        } else if !silent {
            self.show(&mut answer, "state", &["show", "-json"]);
        }
        answer
    }

    /// Adds a document to an answer.
    fn show(&mut self, answer: &mut Answer, name: &str, arguments: &[&str]) {
        let mut arguments = arguments.to_vec();
        if self.tool == Tool::Cplan {
            arguments.insert(2, "-reveal");
        }
        let finished = self.program(&arguments, "");
        let dir = self.dir.path().to_string_lossy().into_owned();
        let document = match exact::parse(&finished.stdout) {
            Some(json) => normal(&json, &mut self.ids, &dir),
            None => finished.text().into(),
        };
        answer.documents.insert(name.to_owned(), document);
    }

    /// How a command ended, with the diagnostics that it told.
    fn answer(&self, command: &str, finished: &Finished) -> Answer {
        let diagnostics = diagnostics(&finished.stdout);
        let of = |severity: &str| -> BTreeSet<String> {
            let some = diagnostics.iter().filter(|d| d["severity"] == severity);
            let told = some.filter_map(|d| d["summary"].as_str().map(summary));
            told.chain(in_text(&finished.stderr, severity)).filter(|summary| summary != BY_CHANCE).collect()
        };
        Answer {
            command: command.to_owned(),
            status: finished.status.unwrap_or(-1),
            errors: of("error"),
            warnings: of("warning"),
            documents: [].into(),
            said: finished.text(),
        }
    }

    fn program(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = match self.tool {
            Tool::Terraform => Command::new("terraform"),
            Tool::Cplan => Command::new(binaries::cplan()),
        };
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TF_") || text.starts_with("CPLAN_") {
                command.env_remove(&name);
            }
        }
        command.env("HOME", self.dir.path().join("home")).env("CHECKPOINT_DISABLE", "1").env("NO_COLOR", "1");
        command.envs(self.env.iter().map(|(n, v)| (n, v))).args(arguments).current_dir(self.work());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        // Short enough for the pipe; a program that does not read it closes it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| plain(&String::from_utf8_lossy(bytes));
        Finished { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    fn work(&self) -> std::path::PathBuf {
        Path::new(self.dir.path()).join("work")
    }
}

/// The diagnostics in a document, or in a stream of them.
fn diagnostics(text: &str) -> Vec<Json> {
    let documents: Vec<Json> = match serde_json::from_str(text) {
        Ok(document) => vec![document],
        Err(_) => text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect(),
    };
    let listed = documents.iter().flat_map(|d| d["diagnostics"].as_array().into_iter().flatten());
    let streamed = documents.iter().filter(|d| d["type"] == "diagnostic").map(|d| &d["diagnostic"]);
    listed.chain(streamed).cloned().collect()
}

/// A text without its colours.
fn plain(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| plain + piece.split_once('m').map_or(piece, |(_, after)| after))
}

/// A summary without the names of the circle that it tells, whose order is chance, and in which both programs have one
/// name.
fn summary(text: &str) -> String {
    match text {
        _ if text.starts_with("Cycle: ") => "Cycle".to_owned(),
        // Which of the two is told first, of several blocks, is chance.
        "Resource has no configuration" => "Configuration for import target does not exist".to_owned(),
        _ => text.replace("cplan", "Terraform"),
    }
}

/// The summaries in a text for people: `Error: Cycle`, `error: cycle` with terraform's frame in front or without.
fn in_text(text: &str, severity: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| {
        let line = line.trim_start_matches(['│', ' ']);
        let (head, summary) = line.split_once(": ")?;
        head.eq_ignore_ascii_case(severity).then(|| self::summary(summary.trim()))
    });
    lines.collect()
}

/// A message without the time that something took: "Creation complete after 1s [id=…]".
fn untimed(message: &str) -> String {
    let Some((before, after)) = message.split_once(" after ").filter(|(before, _)| before.contains(": ")) else {
        return message.to_owned();
    };
    let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
    format!("{before} after <time> {rest}")
}

#[test]
fn summaries_are_found_in_texts() {
    let text = "╷\n│ Error: Cycle\n│ \n│ a, b\n╵\nwarning: odd\n";
    assert_eq!(in_text(text, "error"), ["Cycle"]);
    assert_eq!(in_text(text, "warning"), ["odd"]);
}

#[test]
fn how_long_something_took_is_no_difference() {
    assert_eq!(untimed("a.b: Creation complete after 12s [id=x]"), "a.b: Creation complete after <time> [id=x]");
    assert_eq!(untimed("a.b: Destruction errored after 1m2s"), "a.b: Destruction errored after <time> ");
    assert_eq!(untimed("Plan: 1 to add"), "Plan: 1 to add");
}
