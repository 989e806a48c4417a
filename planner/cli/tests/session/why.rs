//! `why`, and what a shell and a reader of manuals are told.

use super::Session;

const LAB: &str = r#"variable "size" {
  default = 2
}
locals {
  doubled = var.size * 2
}
resource "terraform_data" "a" {
  for_each = { x = local.doubled }
  input    = "${each.key}-${each.value}"
}
module "m" {
  source = "./m"
  given  = terraform_data.a["x"].output
}
output "far" {
  value = module.m.back
}
"#;

fn lab() -> Session {
    let lab = Session::new(LAB);
    lab.write("m/m.hcl", "variable \"given\" {}\noutput \"back\" {\n  value = upper(var.given)\n}\n");
    lab.ok("apply -auto-approve");
    lab
}

#[test]
fn a_value_is_followed_back_through_modules_locals_and_instances() {
    assert_eq!(
        lab().ok("why output.far -var size=2"),
        r#"output.far = "X-4"
    main.hcl:16:11: module.m.back
  module.m.output.back = "X-4"
      m/m.hcl:3:11: upper(var.given)
    module.m.var.given = "x-4"
        main.hcl:13:12: given = terraform_data.a["x"].output
      terraform_data.a["x"].output = "x-4"
          main.hcl:7:1: what was given as `input`
        terraform_data.a["x"].input = "x-4"
            main.hcl:9:14: input = "${each.key}-${each.value}"
          each.key
              main.hcl:8:14: for_each = { x = local.doubled }
            local.doubled = 4
                main.hcl:5:13: var.size * 2
              var.size = "2"
                  main.hcl:1:1: given by the command line
          each.value
              main.hcl:8:14: for_each = { x = local.doubled }
            local.doubled
                as told above
"#
    );
}

#[test]
fn an_object_names_the_run_that_last_changed_it() {
    let lab = lab();
    let said = lab.ok("why terraform_data.a[\"x\"].input");
    assert!(said.contains("\nLast changed by run 20"), "{said}");
    assert!(said.contains(": apply by "), "{said}");
    let json = lab.json("why -json terraform_data.a[\"x\"].input");
    assert_eq!((&json["value"], &json["place"]), (&"x-4".into(), &"main.hcl:9:14".into()));
    assert_eq!(json["last_run"]["command"], "apply");
    let unknown = lab.run("why terraform_data.b.input");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("[unknown-object]"), "{}", unknown.err);
    assert!(lab.run("why 1+1").err.contains("[invalid-address]"));
}

#[test]
fn completions_and_manual_know_every_command() {
    let lab = Session::new("");
    let help = lab.ok("-help");
    let commands: Vec<&str> =
        help.lines().filter_map(|l| l.strip_prefix("  ")?.split_whitespace().next()).filter(|w| w.len() > 2).collect();
    for shell in ["bash", "zsh", "fish"] {
        let script = lab.ok(&format!("completions {shell}"));
        for command in ["console", "why", "detailed-exitcode"] {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
    let page = lab.ok("man");
    assert!(page.starts_with(".ie") && page.contains(".TH CPLAN 1"), "{page}");
    for command in commands.iter().filter(|c| c.chars().all(|c| c.is_ascii_lowercase())) {
        assert!(page.contains(&format!("cplan\\-{command}(1)")), "{command} is not in the manual");
    }
    let page = lab.ok("man state list");
    assert!(page.contains(".TH CPLAN-STATE-LIST 1  \"cplan 0."), "{page}");
    assert!(lab.run("man plann").err.contains("Did you mean `plan`?"));
    assert!(lab.run("man state lost").err.contains("`cplan state` has no command `lost`."));
}
