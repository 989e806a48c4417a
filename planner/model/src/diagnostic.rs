//! What a user is told: diagnostics with a stable id, a place, what is wrong and how to mend it.

use crate::{AttrPath, InstanceAddr, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The command goes on.
    Warning,
    /// The command ends with exit code 1.
    Error,
}

/// A place with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What to say under the caret; may be empty.
    pub text: String,
}

/// One message for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable id in kebab case (`unsupported-attribute`); a test demands a fixture for each.
    pub id: &'static str,
    /// A short text without user data, in Terraform's words where Terraform has some ("Unsupported argument").
    pub summary: String,
    /// One sentence: what is wrong, with the user's names in backticks.
    pub what: String,
    /// One sentence: how to mend it; empty only where nothing can be said.
    pub remedy: String,
    /// Where the caret goes.
    pub primary: Option<Label>,
    /// Further places, such as the other edges of a cycle.
    pub labels: Vec<Label>,
    /// The instance that was being worked on.
    pub address: Option<InstanceAddr>,
    /// The attribute, for providers, which know no spans; [`Diagnostics::in_block`] turns it into a place.
    pub attribute: Option<AttrPath>,
    /// Further attributes of the same block, each with what to say at its place; they become [`Diagnostic::labels`].
    pub attributes: Vec<(AttrPath, String)>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(id: &'static str, summary: impl Into<String>, what: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            id,
            summary: summary.into(),
            what: what.into(),
            remedy: String::new(),
            primary: None,
            labels: Vec::new(),
            address: None,
            attribute: None,
            attributes: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(id: &'static str, summary: impl Into<String>, what: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(id, summary, what) }
    }

    /// The same, not stopping the run.
    #[must_use]
    pub fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The place of an error.
    pub fn refused(&self) -> Option<Span> {
        self.primary.as_ref().filter(|_| self.severity == Severity::Error).map(|p| p.span)
    }

    /// With the sentence that says how to mend it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// With its place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.primary = Some(Label { span, text: String::new() });
        self
    }

    /// With one more place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// With the attribute it is about.
    #[must_use]
    pub fn attribute(mut self, path: AttrPath) -> Self {
        self.attribute = Some(path);
        self
    }

    /// With one more attribute that has to do with it, and what to say there.
    #[must_use]
    pub fn also(mut self, path: AttrPath, text: impl Into<String>) -> Self {
        self.attributes.push((path, text.into()));
        self
    }

    /// With the instance it is about.
    #[must_use]
    pub fn address(mut self, address: InstanceAddr) -> Self {
        self.address = Some(address);
        self
    }
}

/// Messages collected on the way; nothing stops at the first.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// How often one was added, those included that were there already.
    told: usize,
}

impl PartialEq for Diagnostics {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Diagnostics {}

impl Diagnostics {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the very same is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.told += 1;
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in other {
            self.push(diagnostic);
        }
    }

    /// Turns the errors from a position on into warnings.
    pub fn soften(&mut self, from: usize) {
        for diagnostic in self.list.iter_mut().skip(from) {
            diagnostic.severity = Severity::Warning;
        }
    }

    /// Takes back the errors from a position on.
    pub fn forgive(&mut self, from: usize) {
        let mut at = 0..;
        self.list.retain(|d| at.next() < Some(from) || d.severity != Severity::Error);
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether any but the first `told` is an error.
    pub fn has_errors_since(&self, told: usize) -> bool {
        self.list.iter().skip(told).any(|d| d.severity == Severity::Error)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How often one was added, repeats included: more than before means that something was found, be it known or new.
    pub fn told(&self) -> usize {
        self.told
    }

    /// In the order of discovery.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Gives every diagnostic that has an attribute but no place its place in the block of `address`.
    #[must_use]
    pub fn in_block(mut self, address: &InstanceAddr, place: impl Fn(&AttrPath) -> Span) -> Self {
        for diagnostic in &mut self.list {
            if diagnostic.primary.is_none() {
                let path = diagnostic.attribute.clone().unwrap_or_default();
                diagnostic.primary = Some(Label { span: place(&path), text: String::new() });
            }
            for (path, text) in std::mem::take(&mut diagnostic.attributes) {
                diagnostic.labels.push(Label { span: place(&path), text });
            }
            diagnostic.address.get_or_insert_with(|| address.clone());
        }
        self
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics { list: vec![diagnostic], told: 1 }
    }
}
