//! What `why` was asked for.

use cplan_config::{Config, Module, Subject, expression, spelled, suggest};
use cplan_model::{InstanceAddr, InstanceKey, Mode, ModuleInstance, ResourceAddr, SourceId, Step};
use cplan_store::State;

use crate::failure::CommandError;

/// Something in a module instance, and a path within its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Where it stands.
    pub(super) module: ModuleInstance,
    /// What it is.
    pub(super) named: Named,
    /// What of it.
    pub(super) steps: Vec<Step>,
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// `var.x`
    Variable(String),
    /// `local.x`
    Local(String),
    /// `output.x`, or `module.m.x` from outside
    Output(String),
    /// `type.name`, with the key of an instance
    Resource(ResourceAddr, Option<InstanceKey>),
}

/// Reads an address: of a resource in any module, of an attribute of one, of a value in any module.
pub(super) fn parse(text: &str, config: &Config, state: &State) -> Result<Target, CommandError> {
    let target = read(text, config).ok_or_else(|| {
        let what = format!("`{text}` names no resource, local value, variable or output.");
        CommandError::told("invalid-address", "Invalid address", what, "Write `TYPE.NAME.ATTRIBUTE`, `local.NAME`, `var.NAME` or `output.NAME`, with `module.NAME.` before it for one in a module.")
    })?;
    if exists(&target, config, state) {
        return Ok(target);
    }
    let known = names(config, state);
    let remedy = match suggest(text, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "`cplan state list` shows the objects there are.".to_owned(),
    };
    let what = format!("Neither the configuration nor the state has `{text}`.");
    Err(CommandError::told("unknown-object", "No such object", what, remedy))
}

fn read(text: &str, config: &Config) -> Option<Target> {
    let expr = expression(text, SourceId(u32::MAX)).ok()?;
    let whole = spelled(&expr);
    let [one] = whole.as_slice() else { return None };
    let key = one.key.iter().map(|key| match key {
        InstanceKey::Int(n) => Step::Index(usize::try_from(*n).unwrap_or(usize::MAX)),
        InstanceKey::Str(text) => Step::Key(text.clone()),
    });
    let mut steps: Vec<Step> = match &one.subject {
        Subject::Variable(name) => vec![Step::Attr("var".into()), Step::Attr(name.clone())],
        Subject::Local(name) => vec![Step::Attr("local".into()), Step::Attr(name.clone())],
        Subject::Module(name) => vec![Step::Attr("module".into()), Step::Attr(name.clone())],
        Subject::Resource(ResourceAddr { mode, ty, name }) => {
            let data = (*mode == Mode::Data).then(|| Step::Attr("data".into()));
            data.into_iter().chain([Step::Attr(ty.clone()), Step::Attr(name.clone())]).collect()
        }
        _ => return None,
    };
    steps.extend(key);
    steps.extend(one.output.iter().map(|o| Step::Attr(o.clone())));
    steps.extend(one.steps.iter().cloned());
    within(&steps, ModuleInstance::root(), &config.root)
}

fn within(steps: &[Step], module: ModuleInstance, here: &Module) -> Option<Target> {
    let name = |at: usize| match steps.get(at) {
        Some(Step::Attr(name)) => Some(name.clone()),
        _ => None,
    };
    let (first, second) = (name(0)?, name(1)?);
    let of = |named, rest: &[Step]| Some(Target { module: module.clone(), named, steps: rest.to_vec() });
    match &*first {
        "var" => of(Named::Variable(second.to_string()), &steps[2..]),
        "local" => of(Named::Local(second.to_string()), &steps[2..]),
        "output" => of(Named::Output(second.to_string()), &steps[2..]),
        "module" => {
            let (key, rest) = instance_key(&steps[2..]);
            let inner = module.child(&second, key);
            let call = here.calls.get(&second)?;
            match rest {
                [Step::Attr(output), rest @ ..] if call.module.outputs.contains_key(output) => {
                    Some(Target { module: inner, named: Named::Output(output.to_string()), steps: rest.to_vec() })
                }
                _ => within(rest, inner, &call.module),
            }
        }
        "data" => {
            let resource = ResourceAddr { mode: Mode::Data, ty: second, name: name(2)? };
            let (key, rest) = instance_key(&steps[3..]);
            of(Named::Resource(resource, key), rest)
        }
        _ => {
            let resource = ResourceAddr { mode: Mode::Managed, ty: first.clone(), name: second };
            let (key, rest) = instance_key(&steps[2..]);
            of(Named::Resource(resource, key), rest)
        }
    }
}

fn instance_key(steps: &[Step]) -> (Option<InstanceKey>, &[Step]) {
    match steps {
        [Step::Index(n), rest @ ..] => (u64::try_from(*n).ok().map(InstanceKey::Int), rest),
        [Step::Key(text), rest @ ..] => (Some(InstanceKey::Str(text.clone())), rest),
        _ => (None, steps),
    }
}

/// The module of an instance.
pub(super) fn module_at<'c>(config: &'c Config, instance: &ModuleInstance) -> Option<&'c Module> {
    let mut module: &Module = &config.root;
    for (call, _) in instance.0.iter() {
        module = &module.calls.get(call)?.module;
    }
    Some(module)
}

fn exists(target: &Target, config: &Config, state: &State) -> bool {
    let Some(here) = module_at(config, &target.module) else { return false };
    match &target.named {
        Named::Variable(name) => here.variables.contains_key(&**name),
        Named::Local(name) => here.locals.contains_key(&**name),
        Named::Output(name) => here.outputs.contains_key(&**name),
        Named::Resource(resource, _) => {
            let recorded = |a: &InstanceAddr| a.module == target.module && a.resource == *resource;
            here.resources.contains_key(resource) || state.records.keys().any(|k| recorded(&k.address))
        }
    }
}

fn names(config: &Config, state: &State) -> Vec<String> {
    let root = &config.root;
    let values = root.variables.keys().map(|n| format!("var.{n}"));
    let locals = root.locals.keys().map(|n| format!("local.{n}"));
    let outputs = root.outputs.keys().map(|n| format!("output.{n}"));
    let resources = root.resources.keys().map(ToString::to_string);
    values
        .chain(locals)
        .chain(outputs)
        .chain(resources)
        .chain(state.records.keys().map(|k| k.address.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_modules_and_paths_in_values_are_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("m")).unwrap();
        std::fs::write(dir.path().join("m/m.tf"), "output \"o\" { value = 1 }").unwrap();
        std::fs::write(dir.path().join("main.tf"), "module \"m\" { source = \"./m\" }").unwrap();
        let (config, _) = cplan_config::load(dir.path());
        let shown = |text: &str| {
            let t = read(text, &config).unwrap();
            format!("{} {:?} {:?}", t.module, t.named, t.steps)
        };
        assert_eq!(shown("var.a.b[0]"), r#" Variable("a") [Attr("b"), Index(0)]"#);
        assert_eq!(shown("module.m[\"k\"].o.x"), r#"module.m["k"] Output("o") [Attr("x")]"#);
        assert!(shown("module.m[0].a.b[1].c").ends_with(r#"Some(Int(1))) [Attr("c")]"#));
        assert!(shown("a.b.c").ends_with(r#"None) [Attr("c")]"#));
        for text in ["1 + 1", "a", "module.x.y.z", "path.module", "var.a + var.b"] {
            assert_eq!(read(text, &config), None, "{text}");
        }
    }
}
