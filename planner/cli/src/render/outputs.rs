//! Root outputs.

use std::fmt::Write as _;

use cplan_store::StateOutput;

use super::literal::literal;

/// What stands for a sensitive output.
const HIDDEN: &str = "<sensitive>";

/// `name = value`, one after the other.
pub(crate) fn outputs<'a>(outputs: impl IntoIterator<Item = (&'a str, &'a StateOutput)>) -> String {
    let mut out = String::new();
    for (name, output) in outputs {
        let _ = writeln!(out, "{name} = {}", one(output));
    }
    out
}

/// One value, hidden where it is sensitive.
fn one(output: &StateOutput) -> String {
    if output.sensitive { HIDDEN.to_owned() } else { literal(&output.value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{Type, Value};

    #[test]
    fn sensitive_outputs_are_hidden() {
        let plain = StateOutput { value: Value::list(Type::Number, [Value::number(1)]), sensitive: false };
        let secret = StateOutput { value: Value::string("hunter2"), sensitive: true };
        assert_eq!(outputs([("a", &plain), ("pw", &secret)]), "a = tolist([\n  1,\n])\npw = <sensitive>\n");
    }
}
