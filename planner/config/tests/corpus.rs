//! The lists of expressions as a whole: whether they say enough of every function, and whether a wrong function or
//! operator would be noticed. What the right answers are is judged beside, by the real terraform.

mod counts;
mod mutants;
mod substitutes;

use std::path::Path;

use hcl_edit::expr::{Expression, FuncCall};
use hcl_edit::visit::{Visit, visit_func_call};

/// The functions of terraform 1.11, as `terraform metadata functions` lists them.
const FUNCTIONS: &str = "abs abspath alltrue anytrue base64decode base64encode base64gzip base64sha256 base64sha512 \
    basename bcrypt can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact \
    concat contains csvdecode dirname distinct element endswith ephemeralasnull file filebase64 filebase64sha256 \
    filebase64sha512 fileexists filemd5 fileset filesha1 filesha256 filesha512 flatten floor format formatdate formatlist \
    indent index issensitive join jsondecode jsonencode keys length log lookup lower matchkeys max md5 merge min \
    nonsensitive one parseint pathexpand plantimestamp pow range regex regexall replace reverse rsadecrypt sensitive \
    setintersection setproduct setsubtract setunion sha1 sha256 sha512 signum slice sort split startswith strcontains \
    strrev substr sum templatefile templatestring textdecodebase64 textencodebase64 timeadd timecmp timestamp title tobool \
    tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try upper urlencode uuid uuidv5 \
    values yamldecode yamlencode zipmap";

/// The expressions of the lists whose name says `errors`, or of the others.
fn lists(errors: bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|f| f.extension().is_some_and(|e| e == "txt")).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files.iter().filter(|f| f.to_string_lossy().contains("errors.txt") == errors) {
        let text = std::fs::read_to_string(file).unwrap();
        let lines = text.lines().map(str::trim).map(|l| l.strip_prefix("~ ").unwrap_or(l));
        all.extend(lines.filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned));
    }
    all
}

/// An expression as a tree; `None` for the few that hcl-edit does not take.
fn tree(expression: &str) -> Option<Expression> {
    expression.parse().ok()
}

/// The functions that an expression calls.
fn called(expression: &Expression) -> Vec<String> {
    struct Calls(Vec<String>);
    impl Visit for Calls {
        fn visit_func_call(&mut self, node: &FuncCall) {
            self.0.push(node.name.name.to_string());
            visit_func_call(self, node);
        }
    }
    let mut calls = Calls(Vec::new());
    calls.visit_expr(expression);
    calls.0
}
