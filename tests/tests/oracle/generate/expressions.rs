//! Expressions of operators and functions, at random: some of wrong types, some of sensitive, null and unknown parts.

use std::fmt::Write as _;

use super::Random;
use crate::oracle::case::{Case, Step};

/// What every expression may name.
const PRELUDE: &str = r#"resource "terraform_data" "u" {
  input = { t = "text", n = 5, l = ["p", "q"], m = { k = "v" } }
}
locals {
  t      = "Hello, World"
  digits = "42"
  n      = 7
  x      = -2.5
  b      = true
  l      = ["b", "a", "c", "a"]
  ln     = [3, 1, 2]
  m      = { x = "1", y = "2", "z z" = "" }
  mn     = { a = 1, b = 2 }
  o      = { name = "n", tags = ["t1", "t2"], size = 4, in = { deep = true } }
  lo     = [{ k = "one", v = 1 }, { k = "two", v = 2 }]
  s      = toset(["q", "p"])
  empty  = []
  null   = null
  secret = sensitive("s3cret")
  hidden = sensitive(3)
  uid    = terraform_data.u.id
  any    = terraform_data.u.output
}
"#;

/// How many expressions there are of one seed.
pub(crate) const COUNT: usize = 40;

/// The kinds that are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Text,
    Bool,
    Texts,
    Numbers,
    Map,
    Any,
}

use Kind::{Any, Bool, Map, Number, Numbers, Text, Texts};

/// The expressions of a seed.
pub(crate) fn expressions(seed: u64) -> Vec<String> {
    let mut random = Random::new(seed ^ 0x5eed);
    (0..COUNT)
        .map(|_| {
            let kind = *random.pick(&[Number, Text, Bool, Texts, Numbers, Map, Any]);
            let depth = 1 + random.below(3);
            draw(&mut random, kind, depth)
        })
        .collect()
}

/// What of them is refused by a command: each is an output on a line of its own.
pub(crate) fn refusals(seed: u64, expressions: &[String], command: &str) -> Case {
    let command = vec!["refusals".into(), command.to_owned()];
    let step = Step { files: vec![outputs(expressions)], env: Vec::new(), command };
    Case { id: format!("generated-refusals/{seed}"), steps: vec![step] }
}

/// Those that are not among the refused ones.
pub(crate) fn accepted(expressions: Vec<String>, refused: &serde_json::Value) -> Vec<String> {
    let refused: Vec<&str> = refused.as_object().into_iter().flat_map(|o| o.keys()).map(String::as_str).collect();
    let first = PRELUDE.lines().count() + 2;
    let line = |at: usize| format!("{:0>4} ", first + 4 * at);
    let kept = expressions.into_iter().enumerate();
    kept.filter(|(at, _)| !refused.iter().any(|l| l.starts_with(&line(*at)))).map(|(_, e)| e).collect()
}

/// Their values, marks and unknowns, before what is unknown becomes random: as outputs for their types, in a resource for the rest.
pub(crate) fn values(seed: u64, expressions: &[String]) -> Case {
    let (name, Some(mut text)) = outputs(expressions) else { unreachable!() };
    text += "resource \"terraform_data\" \"all\" {\n  input = {\n";
    for (i, expression) in expressions.iter().enumerate() {
        writeln!(text, "    k{i:02} = {expression}").unwrap();
    }
    text += "  }\n}\n";
    let step = Step { files: vec![(name, Some(text))], env: Vec::new(), command: vec!["plan".into()] };
    Case { id: format!("generated-values/{seed}"), steps: vec![step] }
}

/// The expression behind a difference in such a case, as it stands in the file.
pub(crate) fn source<'a>(case: &'a Case, place: &str) -> Option<&'a str> {
    let place = place.strip_prefix(&format!("{} ", case.id)).filter(|_| case.id.starts_with("generated-values/"))?;
    let number = |part: &str| {
        let digits = part.strip_prefix(['o', 'k'])?.get(..2)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| format!("k{digits} = "))
    };
    let name = place.split('.').find_map(number)?;
    let (_, text) = case.steps.first()?.files.first()?;
    text.as_ref()?.lines().map(str::trim).find(|line| line.starts_with(&name))
}

fn outputs(expressions: &[String]) -> (String, Option<String>) {
    let mut text = PRELUDE.to_owned();
    for (i, expression) in expressions.iter().enumerate() {
        writeln!(text, "output \"o{i:02}\" {{\n  value = {expression}\n  sensitive = true\n}}").unwrap();
    }
    ("main.tf".to_owned(), Some(text))
}

fn draw(random: &mut Random, kind: Kind, depth: usize) -> String {
    // Now and then something of another kind, to see it converted or refused.
    let kind = if random.chance(4) { *random.pick(&[Number, Text, Bool, Texts, Map]) } else { kind };
    if depth == 0 || random.chance(10) {
        return leaf(random, kind);
    }
    let mut a = |kind| draw(random, kind, depth - 1);
    let (first, second, third) = (a(kind), a(kind), a(Bool));
    if random.chance(8) {
        return match random.below(4) {
            0 => format!("({third} ? {first} : {second})"),
            1 => format!("try({first}, {second})"),
            2 => format!("coalesce({first}, {second})"),
            _ => format!("({first})"),
        };
    }
    call(random, kind, depth - 1)
}

fn leaf(random: &mut Random, kind: Kind) -> String {
    let some: &[&str] = match kind {
        Number => &[
            "0",
            "1",
            "2",
            "-3",
            "0.5",
            "10",
            "1e3",
            "local.n",
            "local.x",
            "local.hidden",
            "local.o.size",
            "local.ln[1]",
            "local.any.n",
            "\"12\"",
            "local.mn.b",
            "null",
        ],
        Text => &[
            "\"\"",
            "\"a\"",
            "\"ab cd\"",
            "\"ÄÖ\"",
            "\"x,y\"",
            "\" pad \"",
            "\"12\"",
            "local.t",
            "local.digits",
            "local.secret",
            "local.uid",
            "local.o.name",
            "local.l[0]",
            "local.m.x",
            "local.any.t",
            "\"<${local.n}>\"",
            "\"é\"",
            "\"क्त\"",
            "5",
            "null",
            "true",
        ],
        Bool => &[
            "true",
            "false",
            "local.b",
            "local.o.in.deep",
            "\"true\"",
            "local.n > 3",
            "local.uid == \"x\"",
            "local.hidden == 3",
            "local.t == null",
            "null",
        ],
        Texts => &[
            "local.l",
            "[]",
            "[\"x\"]",
            "[\"a\", \"b\"]",
            "local.o.tags",
            "tolist(local.l)",
            "local.s",
            "keys(local.m)",
            "local.any.l",
            "[local.secret, \"y\"]",
            "[local.uid]",
            "local.empty",
            "null",
            "[\"a\", null]",
            "[\"a\", 1]",
        ],
        Numbers => &[
            "local.ln",
            "[1, 2, 3]",
            "[]",
            "range(4)",
            "[local.n, local.x]",
            "values(local.mn)",
            "[local.hidden, 1]",
            "toset([3, 1])",
            "[1, \"2\"]",
        ],
        Map => &[
            "local.m",
            "{}",
            "local.mn",
            "{ a = \"x\" }",
            "tomap({ k = \"v\" })",
            "local.any.m",
            "{ a = local.secret, b = 2 }",
            "{ u = local.uid }",
            "local.o.in",
            "{ \"k k\" = null }",
            "null",
        ],
        Any => &[
            "null",
            "local.o",
            "local.lo",
            "local.any",
            "local.s",
            "local.null",
            "[local.o, 1]",
            "terraform_data.u",
            "tomap({})",
            "[[1], [2, 3]]",
        ],
    };
    (*random.pick(some)).to_owned()
}

fn call(random: &mut Random, kind: Kind, depth: usize) -> String {
    let patterns: &[&str] = match kind {
        Number => &[
            "(N + N)",
            "(N - N)",
            "(N * N)",
            "(N / 3)",
            "(N % N)",
            "-N",
            "abs(N)",
            "ceil(N)",
            "floor(N)",
            "max(N, N, N)",
            "min(N, N)",
            "length(L)",
            "length(T)",
            "length(M)",
            "signum(N)",
            "sum(I)",
            "parseint(T, 16)",
            "pow(N, 2)",
            "log(abs(N) + 1, 10)",
            "index(L, T)",
            "tonumber(T)",
            "length(I)",
            "I[N]",
            "sum([N, N])",
            "length([for x in L : x if B])",
            "timecmp(\"2020-01-01T00:00:00Z\", \"2021-01-01T00:00:00Z\")",
            "element(I, N)",
            "one([N])",
            "max(I...)",
            "min(I...)",
            "lookup(local.mn, T, N)",
            "(length(L) / length(T))",
            "(length(L) / 3)",
            "(pow(N, 0.5) * N)",
            "log(abs(N) + 1, length(L))",
            "length(A)",
        ],
        Text => &[
            "\"T: ${T}\"",
            "\"${N}\"",
            "\"%{ if B }${T}%{ else }no%{ endif }\"",
            "\"%{ for x in L }${x};%{ endfor }\"",
            "upper(T)",
            "lower(T)",
            "title(T)",
            "trimspace(T)",
            "trim(T, T)",
            "trimprefix(T, T)",
            "trimsuffix(T, T)",
            "chomp(T)",
            "strrev(T)",
            "substr(T, N, N)",
            "replace(T, T, T)",
            "replace(T, \"/[a-c]+/\", T)",
            "join(T, L)",
            "join(\",\", [T, T])",
            "format(\"%s-%v\", \"x${T}\", [A])",
            "format(\"%05d|%.2f\", N, N)",
            "format(\"%q %#v %t\", \"x${T}\", [A], !B)",
            "format(\"%s %v\", T, A)",
            "tostring(N)",
            "tostring(B)",
            "jsonencode(A)",
            "base64encode(T)",
            "base64decode(base64encode(T))",
            "md5(T)",
            "sha1(T)",
            "sha256(T)",
            "urlencode(T)",
            "indent(2, T)",
            "element(L, N)",
            "L[N]",
            "lookup(M, T, T)",
            "regex(\"[a-z]+\", T)",
            "yamlencode(A)",
            "M[T]",
            "coalesce(T, T)",
            "basename(T)",
            "dirname(T)",
            "one([T])",
            "\"${T}${T}\"",
            "formatdate(\"YYYY\", \"2020-02-03T04:05:06Z\")",
            "split(\"\", T)[0]",
            "jsondecode(jsonencode(T))",
            "join(\"-\", sort(L))",
            "try(A.name, T)",
            "cidrhost(\"10.0.0.0/24\", N)",
            "title(lower(T))",
        ],
        Bool => &[
            "(N > N)",
            "(N <= N)",
            "(N == N)",
            "(T == T)",
            "(T != T)",
            "(B && B)",
            "(B || B)",
            "!B",
            "contains(L, T)",
            "can(A.name)",
            "startswith(T, T)",
            "endswith(T, T)",
            "strcontains(T, T)",
            "alltrue([B, B])",
            "anytrue([B, B])",
            "tobool(T)",
            "issensitive(A)",
            "(A == A)",
            "(L == L)",
            "can(tonumber(T))",
            "contains(keys(M), T)",
            "(length(L) < N)",
            "(M == {})",
            "issensitive(L[0])",
            "can(regex(T, T))",
            "(I == [1, 2, 3])",
            "(A == null)",
            "([T, A] != null)",
            "(length(L) / 3 == N / 3)",
            "(T < N)",
        ],
        Texts => &[
            "split(T, T)",
            "split(\",\", \"a,b,${T}\")",
            "concat(L, L)",
            "sort(L)",
            "reverse(L)",
            "distinct(L)",
            "compact(L)",
            "slice(L, N, N)",
            "keys(M)",
            "values(M)",
            "[for x in L : upper(x)]",
            "[for k, v in M : \"${k}=${v}\"]",
            "[for i, x in L : x if i < N]",
            "flatten([L, L])",
            "flatten([L, [L, T]])",
            "tolist(L)",
            "toset(L)",
            "setunion(L, L)",
            "setintersection(L, L)",
            "setsubtract(L, L)",
            "[T, T]",
            "[T, N, B]",
            "local.lo[*].k",
            "local.lo.*.k",
            "formatlist(\"%s!\", L)",
            "regexall(\"[a-z]\", T)",
            "coalescelist(L, L)",
            "matchkeys(L, L, [T])",
            "(B ? L : L)",
            "L[*]",
            "tolist([T, T])",
            "[for o in local.lo : o.k if o.v > N]",
            "keys({ for x in L : x => N... })",
            "chunklist(L, 2)[0]",
            "slice(L, 0, 1)",
            "[for x in toset(L) : x]",
        ],
        Numbers => &[
            "[N, N]",
            "range(N)",
            "range(N, N)",
            "[for x in I : x * N]",
            "[for x in L : length(x)]",
            "reverse(I)",
            "sort(I)",
            "concat(I, [N])",
            "local.lo[*].v",
            "distinct(I)",
            "tolist(I)",
            "toset(I)",
            "setunion(I, I)",
            "slice(I, 0, N)",
            "values(local.mn)",
            "[for k, v in local.mn : v + N]",
            "[for i, x in L : i / length(L)]",
            "flatten([I, [I]])",
            "(B ? I : I)",
            "setproduct(I, I)[0]",
            "tolist([N, T])",
            "cidrsubnets(\"10.0.0.0/8\", 4, 8)",
            "chunklist(I, 1)",
            "transpose({ a = [\"1\"] })",
        ],
        Map => &[
            "{ a = T, b = N }",
            "merge(M, M)",
            "merge(M, { k = T })",
            "zipmap(L, L)",
            "zipmap(keys(M), values(M))",
            "{ for x in L : x => upper(x) }",
            "{ for i, x in L : \"k${i}\" => x }",
            "{ for k, v in M : k => v if B }",
            "{ for x in L : x => N... }",
            "tomap(M)",
            "tomap({ a = T, b = T })",
            "{ (T) = N }",
            "{ for o in local.lo : o.k => o.v }",
            "(B ? M : M)",
            "jsondecode(jsonencode(M))",
            "yamldecode(yamlencode(M))",
            "merge(M...)",
            "merge([M, M]...)",
            "{ a = { b = T } }",
            "{ for k, v in M : v => k... }",
            "transpose({ a = L })",
            "setproduct(L, L)",
        ],
        Any => &[
            "[T, N]",
            "{ a = L, b = M }",
            "local.lo[N]",
            "local.o[T]",
            "tolist([M, M])",
            "tomap({ a = L })",
            "toset([M])",
            "[for x in [L, L] : x]",
            "jsondecode(jsonencode(A))",
            "try(A.in.deep, N)",
            "element([A, A], N)",
            "merge(A, M)",
            "flatten([A, L])",
            "setproduct(L, I)",
            "(B ? A : null)",
            "one([A])",
            "nonsensitive(A)",
            "sensitive(A)",
            "[A, A][0]",
            "{ k = A }.k",
            "local.any[T]",
            "{ for k, v in local.o : k => v }",
            "coalesce(A, A)",
            "concat([A], [A])",
            "keys(A)",
            "length(A)",
            "can(A)",
            "values(A)",
            "lookup(A, T, A)",
            "(A)[*]",
            "tostring(A)",
            "yamldecode(yamlencode(A))",
            "zipmap(L, [A, A, A, A])",
            "try(A[0], A[T], A)",
            "try([A, T]...)",
        ],
    };
    let pattern = *random.pick(patterns);
    fill(random, pattern, depth)
}

/// Replaces the capitals of a pattern: the one letters that no name begins or ends.
fn fill(random: &mut Random, pattern: &str, depth: usize) -> String {
    let mut out = String::new();
    let bytes = pattern.as_bytes();
    for (i, c) in pattern.char_indices() {
        let word = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        };
        let kind = match c {
            _ if word(i.checked_sub(1)) || word(Some(i + 1)) => None,
            'N' => Some(Number),
            'T' => Some(Text),
            'B' => Some(Bool),
            'L' => Some(Texts),
            'I' => Some(Numbers),
            'M' => Some(Map),
            'A' => Some(Any),
            _ => None,
        };
        // In the words of a literal, as in `"T: ${T}"`, what is not interpolated is text.
        let literal = pattern.starts_with('"') && i == 1;
        match kind {
            Some(kind) if !literal => out += &draw(random, kind, depth),
            _ => out.push(c),
        }
    }
    out
}
