//! Case files: several cases in one, each a sequence of files and commands.
//!
//! ```text
//! # a remark
//! === name of the case
//! --- main.tf
//! resource "terraform_data" "a" {}
//! $ plan -var x=1
//! $ apply
//! --- main.tf (gone)
//! $ TF_VAR_x=2 plan
//! ```

/// A sequence that is run in one folder, with one state.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// `FILE/NAME`
    pub(crate) id: String,
    pub(crate) steps: Vec<Step>,
}

/// Files that are written, and then a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    /// Name and text; without a text the file is removed.
    pub(crate) files: Vec<(String, Option<String>)>,
    /// Variables of the environment.
    pub(crate) env: Vec<(String, String)>,
    /// The command and its flags: `plan`, `-target=x`.
    pub(crate) command: Vec<String>,
}

impl Case {
    /// What is the same in two runs of the same case: the key of a recorded answer.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.steps)
    }
}

/// The cases of a file.
pub(crate) fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut step = Step::default();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            step = Step::default();
            cases.push(Case { id: format!("{file}/{}", name.trim()), steps: Vec::new() });
        } else if let Some(name) = line.strip_prefix("--- ") {
            let gone = name.strip_suffix(" (gone)");
            step.files.push((gone.unwrap_or(name).trim().to_owned(), gone.is_none().then(String::new)));
        } else if let Some(command) = line.strip_prefix("$ ") {
            let mut words = words(command);
            let variables = words.iter().take_while(|w| w.split_once('=').is_some_and(|(n, _)| is_name(n))).count();
            step.env = words
                .drain(..variables)
                .filter_map(|w| w.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())))
                .collect();
            step.command = words;
            let case = cases.last_mut().unwrap_or_else(|| panic!("{file}: a command before the first case"));
            case.steps.push(std::mem::take(&mut step));
        } else if let Some((_, Some(text))) = step.files.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{file}: a line outside of a file: {line}");
        }
    }
    assert!(cases.iter().all(|c| !c.steps.is_empty()), "{file}: a case without a command");
    cases
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The words of a line as a shell cuts them; only single quotes quote.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[test]
fn a_case_file_is_cut_into_steps() {
    let text = "# remark\n\n=== one\n--- a.tf\nx = 1\n\n$ A=b plan -var 'x=[1, 2]'\n--- a.tf (gone)\n$ apply\n=== two\n$ plan\n";
    let cases = parse("f", text);
    assert_eq!(cases.iter().map(|c| &*c.id).collect::<Vec<_>>(), ["f/one", "f/two"]);
    let steps = &cases[0].steps;
    assert_eq!(steps[0].files, [("a.tf".to_owned(), Some("x = 1\n\n".to_owned()))]);
    assert_eq!(steps[0].env, [("A".to_owned(), "b".to_owned())]);
    assert_eq!(steps[0].command, ["plan", "-var", "x=[1, 2]"]);
    assert_eq!(steps[1].files, [("a.tf".to_owned(), None)]);
}
