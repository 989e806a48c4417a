//! A tool in a folder of its own, with a configuration and, where the step needs one, a state.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::lines::Line;
use crate::measure::{Cost, measure};
use crate::settings::Settings;
use crate::shape::Step;
use crate::state;

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Cplan,
    Terraform,
}

/// A tool that is ready to run a line's step again and again.
pub(crate) struct Contender {
    pub(crate) tool: Tool,
    program: PathBuf,
    dir: PathBuf,
    said: PathBuf,
    line: Line,
}

impl Contender {
    pub(crate) fn new(tool: Tool, settings: &Settings, work: &Path, line: &Line) -> Result<Self, String> {
        let program = match tool {
            Tool::Cplan => settings.cplan.clone(),
            Tool::Terraform => PathBuf::from("terraform"),
        };
        let dir = work.join(tool.to_string());
        let contender = Contender { tool, program, said: work.join(format!("{tool}.out")), dir, line: *line };
        std::fs::create_dir(&contender.dir).map_err(|e| e.to_string())?;
        contender.write("main.tf", &line.shape.text(line.size))?;
        if line.step == Step::Noop {
            match tool {
                Tool::Cplan => contender.apply()?,
                Tool::Terraform => {
                    contender.write("terraform.tfstate", &state::terraform(line.shape, line.size))?;
                    Cost::default()
                }
            };
        }
        Ok(contender)
    }

    /// The step once, from where it is to begin. What the tool says is looked at, so that nobody is fast by doing
    /// something else.
    pub(crate) fn run(&self) -> Result<Cost, String> {
        let plan = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];
        match self.line.step {
            Step::New => {
                self.forget()?;
                let cost = self.measured(&plan, 2)?;
                self.expect(&format!("Plan: {} to add, 0 to change, 0 to destroy", self.line.size))?;
                Ok(cost)
            }
            Step::Noop => {
                let cost = self.measured(&plan, 0)?;
                self.expect("No changes.")?;
                Ok(cost)
            }
            Step::Apply => {
                self.forget()?;
                self.apply()
            }
        }
    }

    /// Terraform is measured without its plan, cplan with it.
    pub(crate) fn apply(&self) -> Result<Cost, String> {
        let cost = match self.tool {
            Tool::Cplan => self.measured(&["apply", "-input=false", "-no-color", "-auto-approve"], 0)?,
            Tool::Terraform => {
                self.measured(&["plan", "-input=false", "-no-color", "-out=saved"], 0)?;
                self.measured(&["apply", "-input=false", "-no-color", "saved"], 0)?
            }
        };
        self.expect(&format!("{} added, 0 changed, 0 destroyed", self.line.size))?;
        Ok(cost)
    }

    fn measured(&self, arguments: &[&str], wanted: i32) -> Result<Cost, String> {
        measure(&self.dir, &self.said, &self.program, arguments, wanted)
    }

    fn expect(&self, wanted: &str) -> Result<(), String> {
        let text = std::fs::read_to_string(&self.said).map_err(|e| e.to_string())?;
        if text.contains(wanted) { Ok(()) } else { Err(format!("{}: {} did not say {wanted:?}", self.line, self.tool)) }
    }

    /// Takes away what an earlier run left.
    fn forget(&self) -> Result<(), String> {
        for entry in std::fs::read_dir(&self.dir).map_err(|e| e.to_string())? {
            let path = entry.map_err(|e| e.to_string())?.path();
            if path.file_name().is_some_and(|name| name == "main.tf") {
                continue;
            }
            let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            gone.map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.dir.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tool::Cplan => "cplan",
            Tool::Terraform => "terraform",
        })
    }
}
