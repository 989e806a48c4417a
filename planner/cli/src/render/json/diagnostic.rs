//! Diagnostics in the shape of `terraform validate -json`.

use cplan_config::block_header;
use cplan_model::{Diagnostic, Diagnostics, Severity, SourceFile, Span};
use serde_json::{Value as Json, json};

use crate::render::diagnostic::{View, merged};

/// The answer of `validate -json`, and of every command with `-json` that ends in errors.
pub(crate) fn report(list: &Diagnostics, view: &View<'_>) -> Json {
    let list: Vec<&Diagnostic> = merged(list).into_iter().map(|(d, _)| d).collect();
    let count = |severity| list.iter().filter(|d| d.severity == severity).count();
    json!({
        "format_version": "1.0",
        "valid": count(Severity::Error) == 0,
        "error_count": count(Severity::Error),
        "warning_count": count(Severity::Warning),
        "diagnostics": list.iter().map(|d| diagnostic(d, view)).collect::<Vec<_>>(),
    })
}

/// One diagnostic. Beyond Terraform's: `id`, and `labels` for further places.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, view: &View<'_>) -> Json {
    let detail = [&*diagnostic.what, &*diagnostic.remedy].iter().filter(|t| !t.is_empty()).copied().collect::<Vec<_>>();
    let mut out = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "summary": diagnostic.summary,
        "detail": detail.join(" "),
        "id": diagnostic.id,
    });
    if let Some(address) = &diagnostic.address {
        out["address"] = json!(address.to_string());
    }
    if let Some((file, span)) = diagnostic.primary.as_ref().and_then(|l| view.sources.find(l.span)) {
        out["range"] = range(file, span, view);
        out["snippet"] = snippet(file, span);
    }
    let labels: Vec<Json> = diagnostic
        .labels
        .iter()
        .filter_map(|l| {
            view.sources.find(l.span).map(|(f, span)| json!({"range": range(f, span, view), "text": l.text}))
        })
        .collect();
    if !labels.is_empty() {
        out["labels"] = json!(labels);
    }
    out
}

fn range(file: &SourceFile, span: Span, view: &View<'_>) -> Json {
    let position = |byte: u32| {
        let mut byte = (byte as usize).min(file.text.len());
        while !file.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let upto = &file.text[..byte];
        let column = upto.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        json!({"line": upto.matches('\n').count() + 1, "column": column, "byte": byte})
    };
    json!({
        "filename": view.path(&file.path).display().to_string(),
        "start": position(span.start),
        "end": position(span.end),
    })
}

fn snippet(file: &SourceFile, span: Span) -> Json {
    let text = &*file.text;
    let start = (span.start as usize).min(text.len());
    let end = (span.end as usize).clamp(start, text.len());
    let (Some(before), Some(_)) = (text.get(..start), text.get(..end)) else { return Json::Null };
    let from = before.rfind('\n').map_or(0, |i| i + 1);
    let to = text[end..].find('\n').map_or(text.len(), |i| end + i);
    // What stands at the very beginning of a block is not in it yet.
    let native = file.path.extension().is_none_or(|e| e != "json");
    let context = start.checked_sub(1).filter(|_| native).and_then(|at| block_header(text, at));
    json!({
        "context": context,
        "code": &text[from..to],
        "start_line": before.matches('\n').count() + 1,
        "highlight_start_offset": start - from,
        "highlight_end_offset": end - from,
        "values": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::Style;
    use cplan_model::SourceMap;
    use std::path::Path;

    #[test]
    fn has_terraforms_shape() {
        let mut sources = SourceMap::default();
        let id = sources.add("bad.tf", "resource \"terraform_data\" \"x\" { inptu = 1 }");
        let view = View { sources: &sources, prefix: Path::new(""), style: Style::plain(), width: None };
        let d = Diagnostic::error("unsupported-argument", "Unsupported argument", "No `inptu` here.")
            .remedy("Did you mean `input`?")
            .at(Span::new(id, 32, 37));
        assert_eq!(
            report(&Diagnostics::from(d), &view),
            json!({
                "format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 0,
                "diagnostics": [{
                    "severity": "error", "summary": "Unsupported argument",
                    "detail": "No `inptu` here. Did you mean `input`?", "id": "unsupported-argument",
                    "range": {
                        "filename": "bad.tf",
                        "start": {"line": 1, "column": 33, "byte": 32},
                        "end": {"line": 1, "column": 38, "byte": 37},
                    },
                    "snippet": {
                        "context": "resource \"terraform_data\" \"x\"", "code": "resource \"terraform_data\" \"x\" { inptu = 1 }", "start_line": 1,
                        "highlight_start_offset": 32, "highlight_end_offset": 37, "values": [],
                    },
                }],
            })
        );
    }
}
