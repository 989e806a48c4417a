//! `cplan {}` and `terraform {}` blocks.

use cplan_model::{Diagnostic, SourceId, Span};
use hcl_edit::structure::Block;

use super::block::{Reader, header};
use super::module::Builder;

/// The version of Terraform whose language this is; `required_version` in a `terraform` block is about it.
const LANGUAGE: [u64; 3] = [1, 11, 4];

impl Builder {
    pub(super) fn settings(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        reader.labels([]);
        let expr = reader.argument("required_version");
        let version = reader.string_or_null("required_version");
        reader.argument("language");
        if let Some(expr) = reader.argument("experiments") {
            reader.error(
                "not-supported",
                "Module uses experimental features",
                "There are no experimental features.".into(),
                "Remove the argument.".into(),
                expr.span,
            );
        }
        for inner in reader.blocks("required_providers") {
            self.required(inner, source);
        }
        for name in ["backend", "cloud", "provider_meta"] {
            for (i, inner) in reader.blocks(name).into_iter().enumerate() {
                let labels = usize::from(name != "cloud");
                if inner.labels.len() != labels || (i > 0 && name != "provider_meta") {
                    let summary =
                        if i > 0 { format!("Duplicate {name} configuration") } else { format!("Labels of {name}") };
                    reader.error(
                        "block-labels",
                        &summary,
                        format!("There is one `{name}` block with {labels} labels at most."),
                        "Remove the block: it has no effect here.".into(),
                        header(inner, source),
                    );
                }
                reader.diagnostics.push(
                    Diagnostic::warning(
                        "ignored-setting",
                        "Setting without effect",
                        format!("A `{name}` block has no effect: the state is kept in `.cplan` beside the topology."),
                    )
                    .remedy("Remove the block.")
                    .at(header(inner, source)),
                );
            }
        }
        if let (Some(expr), Some(version)) = (expr, version) {
            self.version(&mut reader, &version, expr.span, block.has_ident("cplan"));
            self.module.settings.required_version = Some((version, expr.span));
        }
        self.diagnostics.extend(reader.close());
    }

    fn version(&mut self, reader: &mut Reader<'_>, constraint: &str, span: Span, ours: bool) {
        let own: Vec<u64> = env!("CARGO_PKG_VERSION").split('.').filter_map(|n| n.parse().ok()).collect();
        let (have, name) = if ours { (own.as_slice(), "cplan") } else { (LANGUAGE.as_slice(), "Terraform's language") };
        let shown: Vec<_> = have.iter().map(u64::to_string).collect();
        match constraint.split(',').map(|one| satisfied(one, have)).collect::<Option<Vec<bool>>>() {
            None => reader.bad_version(constraint, span),
            Some(all) if all.iter().all(|ok| *ok) => {}
            Some(_) => reader.error(
                "required-version",
                "Unsupported Terraform Core version",
                format!("The configuration asks for {constraint:?}, and this is {name} {}.", shown.join(".")),
                "Use another version of cplan or relax the constraint.".into(),
                span,
            ),
        }
    }
}

/// Whether a version satisfies one constraint (`>= 1.2`); `None` if it is none.
pub(super) fn satisfied(constraint: &str, have: &[u64]) -> Option<bool> {
    let constraint = constraint.trim();
    let split = constraint.find(|c: char| c.is_ascii_digit())?;
    let (operator, version) = constraint.split_at(split);
    let version = version.split(['-', '+']).next().unwrap_or(version);
    let given: Vec<u64> = version.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    if given.len() > 3 {
        return None;
    }
    let at = |v: &[u64], i: usize| v.get(i).copied().unwrap_or(0);
    let order =
        (0..3).map(|i| at(have, i).cmp(&at(&given, i))).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal);
    Some(match operator.trim() {
        "" | "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        "~>" => order.is_ge() && (0..given.len().saturating_sub(1)).all(|i| at(have, i) == at(&given, i)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    #[test]
    fn compares_versions() {
        let have = [1, 11, 4];
        for (text, ok) in [
            (">= 1.0", Some(true)),
            ("~> 1.11", Some(true)),
            ("~> 1.11.5", Some(false)),
            ("~> 1.10.0", Some(false)),
            ("1.11.4", Some(true)),
            ("< 1.2", Some(false)),
            ("!= 1.11.4", Some(false)),
            ("newest", None),
            ("=> 1", None),
        ] {
            assert_eq!(satisfied(text, &have), ok, "{text}");
        }
    }
}
