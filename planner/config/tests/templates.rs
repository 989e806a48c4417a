//! Heredocs and template files: what `<<-` takes from the lines and how far `~` trims. The texts expected here are
//! those that terraform 1.11.4 makes of the same files.

use cplan_config::evaluate;

use crate::scope::{empty, folder};

fn text(heredoc: &str) -> String {
    let (dir, config, diagnostics) = folder(&format!("output \"o\" {{\n  value = {heredoc}\n}}\n"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let (value, diagnostics) = evaluate(&config.root.outputs["o"].value, &empty(dir.path()));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    value.as_str().unwrap().to_owned()
}

const LOOP: &str =
    "start\n  %{ for i in [1,2] ~}\n    line ${i}\n\n    after\n  %{~ endfor ~}\n\n  tail\n  ${~ \"x\" ~}   \n   end\n";
const LOOPED: &str = "start\n      line 1\n\n    after\n    line 2\n\n    after\n\n  tail\nx   end\n";

#[test]
fn markers_trim_their_own_line_only() {
    assert_eq!(text(&format!("<<EOT\n{LOOP}EOT")), LOOPED);
    assert_eq!(text(r#""a\n  ${~ 1 ~}  \n  b""#), "a1b");
}

#[test]
fn template_files_are_trimmed_like_heredocs() {
    let (dir, config, _) = folder("output \"o\" {\n  value = templatefile(\"x.tpl\", {})\n}\n");
    std::fs::write(dir.path().join("x.tpl"), LOOP).unwrap();
    let (value, _) = evaluate(&config.root.outputs["o"].value, &empty(dir.path()));
    assert_eq!(value.as_str(), Some(LOOPED));
}

#[test]
fn flush_heredocs_lose_what_all_their_lines_share() {
    for (heredoc, expected) in [
        ("<<-E\n    a\n\n      b\n   \n    c\n    E", "a\n\n  b\n   \nc\n"),
        ("<<-E\n\ttabbed\n\t  two ${\"x\"}\n        spaces\n\tE", "tabbed\n  two x\n       spaces\n"),
        // The line after a trimmed line end is not the beginning of one.
        (
            "<<-E\n    %{ if true ~}\n      a\n    %{ else ~}\n      b\n    %{ endif ~}\n      ${1}\n    last\n  E",
            "      a\n      1\nlast\n",
        ),
        // A marker that trims its own indentation leaves the line none.
        ("<<-E\n    %{~ for x in [\"a\"] ~}\n    host ${x}\n    %{~ endfor ~}\n  E", "    host a\n"),
        ("<<-E\n    $${a} %%{b}\n      %{ if true }x%{ endif }\n    E", "${a} %{b}\n  x\n"),
    ] {
        assert_eq!(text(heredoc), expected, "{heredoc}");
    }
}
