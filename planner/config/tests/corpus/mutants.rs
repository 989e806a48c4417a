//! Each function and operator replaced by a wrong one: how many of these mutants the lists would notice. A mutant is made
//! in the expressions, which is the same as making it in the evaluator, and is noticed where an answer changes that is
//! right as it is.

use std::collections::{BTreeMap, BTreeSet};

use cplan_config::evaluate;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, ForExpr, FuncArgs, FuncCall, Null, Parenthesis, UnaryOp,
};
use hcl_edit::visit_mut::{
    VisitMut, visit_binary_op_mut, visit_conditional_mut, visit_expr_mut, visit_for_expr_mut, visit_func_call_mut,
};

use super::substitutes::{ordered, substitutes};
use super::{FUNCTIONS, lists, tree};
use crate::oracle::files;
use crate::scope::{empty, expressions};

/// How many of a hundred must be noticed.
const WANTED: usize = 95;

/// One wrong evaluator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mutant {
    /// This function does what that one does.
    Renamed(&'static str, &'static str),
    /// It gives its first argument back.
    Identity(&'static str),
    /// It takes its first two arguments the wrong way round.
    Swapped(&'static str),
    /// It overlooks its last argument.
    Deaf(&'static str),
    /// It gives null.
    Nothing(&'static str),
    /// It never fails.
    Lenient(&'static str),
    /// This operator does what that one does.
    Operator(BinaryOperator, BinaryOperator),
    /// `!` or `-` does nothing.
    Unary,
    /// The branches of a conditional are exchanged.
    Branches,
    /// A `for` takes all elements.
    Filter,
    /// A `for` does not group.
    Grouping,
}

/// The operators that take the same.
const OPERATORS: [&[BinaryOperator]; 4] = [
    &[BinaryOperator::Plus, BinaryOperator::Minus, BinaryOperator::Mul, BinaryOperator::Div, BinaryOperator::Mod],
    &[BinaryOperator::Less, BinaryOperator::LessEq, BinaryOperator::Greater, BinaryOperator::GreaterEq],
    &[BinaryOperator::Eq, BinaryOperator::NotEq],
    &[BinaryOperator::And, BinaryOperator::Or],
];

fn mutants() -> Vec<Mutant> {
    let mut all = vec![Mutant::Unary, Mutant::Branches, Mutant::Filter, Mutant::Grouping];
    for alike in OPERATORS {
        for from in alike {
            all.extend(alike.iter().filter(|to| *to != from).map(|to| Mutant::Operator(*from, *to)));
        }
    }
    for name in FUNCTIONS.split_whitespace() {
        all.extend(substitutes(name).into_iter().map(|other| Mutant::Renamed(name, other)));
        // What is a mere mark or a mere wrapper gives its argument back anyhow, as far as the lists can see.
        if !matches!(name, "ephemeralasnull" | "nonsensitive" | "try") {
            all.push(Mutant::Identity(name));
        }
        if ordered(name) {
            all.push(Mutant::Swapped(name));
        }
        all.extend([Mutant::Deaf(name), Mutant::Nothing(name), Mutant::Lenient(name)]);
    }
    all
}

/// Makes a mutant in a tree, and remembers whether there was anything to change.
struct Surgeon {
    mutant: Mutant,
    changed: bool,
}

impl Surgeon {
    fn function(&self) -> Option<&'static str> {
        match self.mutant {
            Mutant::Identity(name) | Mutant::Nothing(name) | Mutant::Lenient(name) => Some(name),
            _ => None,
        }
    }
}

impl VisitMut for Surgeon {
    fn visit_expr_mut(&mut self, node: &mut Expression) {
        visit_expr_mut(self, node);
        let replacement = match node {
            Expression::FuncCall(call) if Some(&**call.name.name) == self.function() => {
                let first = call.args.iter().next().cloned();
                match (&self.mutant, first) {
                    (Mutant::Identity(_), Some(first)) => Some(Parenthesis::new(first).into()),
                    (Mutant::Nothing(_), _) => Some(Expression::Null(Null.into())),
                    (Mutant::Lenient(_), _) => {
                        let mut args = FuncArgs::new();
                        args.push(node.clone());
                        args.push(Expression::Null(Null.into()));
                        Some(FuncCall::new(hcl_edit::Ident::new("try"), args).into())
                    }
                    _ => None,
                }
            }
            Expression::UnaryOp(op) if self.mutant == Mutant::Unary => {
                let UnaryOp { expr, .. } = (**op).clone();
                Some(Parenthesis::new(expr).into())
            }
            _ => None,
        };
        if let Some(replacement) = replacement {
            *node = replacement;
            self.changed = true;
        }
    }

    fn visit_func_call_mut(&mut self, node: &mut FuncCall) {
        visit_func_call_mut(self, node);
        let is = |name: &str| **node.name.name == *name;
        match self.mutant {
            Mutant::Renamed(name, other) if is(name) => {
                node.name = hcl_edit::Ident::new(other).into();
                self.changed = true;
            }
            Mutant::Swapped(name) if is(name) && node.args.len() >= 2 && !node.args.expand_final() => {
                let mut arguments: Vec<Expression> = node.args.iter().cloned().collect();
                arguments.swap(0, 1);
                self.arguments(node, arguments);
            }
            Mutant::Deaf(name) if is(name) && node.args.len() >= 2 => {
                let arguments: Vec<Expression> = node.args.iter().take(node.args.len() - 1).cloned().collect();
                self.arguments(node, arguments);
            }
            _ => {}
        }
    }

    fn visit_binary_op_mut(&mut self, node: &mut BinaryOp) {
        visit_binary_op_mut(self, node);
        if let Mutant::Operator(from, to) = self.mutant
            && *node.operator == from
        {
            *node.operator = to;
            self.changed = true;
        }
    }

    fn visit_conditional_mut(&mut self, node: &mut Conditional) {
        visit_conditional_mut(self, node);
        if self.mutant == Mutant::Branches {
            std::mem::swap(&mut node.true_expr, &mut node.false_expr);
            self.changed = true;
        }
    }

    fn visit_for_expr_mut(&mut self, node: &mut ForExpr) {
        visit_for_expr_mut(self, node);
        match self.mutant {
            Mutant::Filter if node.cond.is_some() => node.cond = None,
            Mutant::Grouping if node.grouping => node.grouping = false,
            _ => return,
        }
        self.changed = true;
    }
}

impl Surgeon {
    fn arguments(&mut self, call: &mut FuncCall, arguments: Vec<Expression>) {
        let mut args = FuncArgs::new();
        arguments.into_iter().for_each(|a| args.push(a));
        call.args = args;
        self.changed = true;
    }
}

/// The expression of a mutant, where it is another one.
fn mutate(mutant: &Mutant, tree: &Expression) -> Option<String> {
    let mut surgeon = Surgeon { mutant: mutant.clone(), changed: false };
    let mut tree = tree.clone();
    surgeon.visit_expr_mut(&mut tree);
    surgeon.changed.then(|| tree.to_string().trim().to_owned())
}

/// What is answered to each: a value with its type and marks, or errors.
fn answers(all: &[&str]) -> Vec<String> {
    let (dir, parsed, _) = expressions(all);
    files::furnish(dir.path());
    let scope = empty(dir.path());
    let answer = |expression: &Option<cplan_config::Expr>| {
        let Some(expression) = expression else { return "unreadable".to_owned() };
        let (value, diagnostics) = evaluate(expression, &scope);
        let errors: Vec<String> = diagnostics.iter().map(|d| format!("{}: {}", d.summary, d.what)).collect();
        if diagnostics.has_errors() { errors.join("\n") } else { format!("{value:?}") }
    };
    parsed.iter().map(answer).collect()
}

/// Every seventh mutant is made, with `CPLAN_ORACLE_MUTANTS=all` every one.
#[test]
fn wrong_functions_and_operators_are_noticed() {
    let sources: Vec<String> = [lists(false), lists(true)].concat();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let trees: Vec<Option<Expression>> = sources.iter().map(|s| tree(s)).collect();
    let thorough = std::env::var("CPLAN_ORACLE_MUTANTS").is_ok_and(|v| v == "all");
    let mutants: Vec<Mutant> =
        mutants().into_iter().enumerate().filter(|(i, _)| thorough || i % 7 == 0).map(|(_, m)| m).collect();
    let right = answers(&sources);
    // What is not the same twice is known by nobody.
    let again = answers(&sources);
    let mut wrong: Vec<(usize, usize, String)> = Vec::new();
    for (m, mutant) in mutants.iter().enumerate() {
        for (at, tree) in trees.iter().enumerate().filter(|(at, _)| right[*at] == again[*at]) {
            if let Some(text) = tree.as_ref().and_then(|tree| mutate(mutant, tree)) {
                wrong.push((m, at, text));
            }
        }
    }
    let texts: Vec<&str> = wrong.iter().map(|(_, _, text)| text.as_str()).collect();
    let given = answers(&texts);
    let noticed: BTreeSet<usize> =
        wrong.iter().zip(&given).filter(|((_, at, _), given)| right[*at] != **given).map(|((m, _, _), _)| *m).collect();
    let mut expressions: BTreeMap<usize, usize> = BTreeMap::new();
    wrong.iter().for_each(|(m, _, _)| *expressions.entry(*m).or_default() += 1);
    // One that changes no expression, as the last argument of what takes only one, is no mutant.
    let made: Vec<usize> = (0..mutants.len()).filter(|m| expressions.contains_key(m)).collect();
    for m in made.iter().filter(|m| !noticed.contains(m)) {
        println!("not noticed: {:?} ({} expressions)", mutants[*m], expressions[m]);
    }
    let share = noticed.len() * 100 / made.len().max(1);
    println!("{} of {} mutants noticed in {} expressions: {share} %", noticed.len(), made.len(), sources.len());
    assert!(share >= WANTED, "{share} % of the mutants are noticed, {WANTED} % are wanted");
}

#[test]
fn a_mutant_is_made_in_the_expression() {
    let made = |mutant: Mutant, text: &str| mutate(&mutant, &tree(text).unwrap());
    assert_eq!(made(Mutant::Renamed("upper", "lower"), r#""${upper("a")}""#).unwrap(), r#""${lower("a")}""#);
    assert_eq!(made(Mutant::Identity("upper"), r#"upper("a")"#).unwrap(), r#"("a")"#);
    assert_eq!(made(Mutant::Deaf("join"), r#"join(",", [])"#).unwrap(), r#"join(",")"#);
    assert_eq!(made(Mutant::Operator(BinaryOperator::Plus, BinaryOperator::Minus), "1 + 2").unwrap(), "1 - 2");
    assert_eq!(made(Mutant::Filter, "[for x in y : x if x]").unwrap(), "[for x in y : x ]");
    assert_eq!(made(Mutant::Branches, "upper(x)"), None);
}
