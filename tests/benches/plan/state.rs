//! Terraform's state as terraform would have left it: to let it apply ten thousand blocks takes hours.

use std::fmt::Write as _;

use crate::shape::Shape;

/// A state of version 4 in which every instance of the shape is as configured.
pub(crate) fn terraform(shape: Shape, size: usize) -> String {
    let mut out = String::from(
        "{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":1,\"lineage\":\"5b7d5bd5-8fe5-4a3c-8f0b-1e8f7a6b0c1d\",\
         \"outputs\":{},\"check_results\":null,\"resources\":[",
    );
    match shape {
        Shape::Blocks | Shape::Layers | Shape::Chain => {
            for i in 0..size {
                let instance = instance("", i, &shape.input(i, size), &dependencies(shape, i, size));
                resource(&mut out, i > 0, &format!("x{i}"), "", &instance);
            }
        }
        Shape::Count => {
            let all = |i| instance(&format!("\"index_key\":{i},"), i, &format!("v{i}"), "");
            let instances: Vec<String> = (0..size).map(all).collect();
            resource(&mut out, false, "x", "\"each\":\"list\",", &instances.join(","));
        }
        Shape::Set | Shape::Map => {
            let input = |i| if shape == Shape::Set { format!("k{i}") } else { format!("v{i}") };
            let all = |i| instance(&format!("\"index_key\":\"k{i}\","), i, &input(i), "");
            let instances: Vec<String> = (0..size).map(all).collect();
            resource(&mut out, false, "x", "\"each\":\"map\",", &instances.join(","));
        }
    }
    out + "]}\n"
}

fn resource(out: &mut String, follows: bool, name: &str, each: &str, instances: &str) {
    let _ = write!(
        out,
        "{}{{\"mode\":\"managed\",\"type\":\"terraform_data\",\"name\":\"{name}\",{each}\
         \"provider\":\"provider[\\\"terraform.io/builtin/terraform\\\"]\",\"instances\":[{instances}]}}",
        if follows { "," } else { "" }
    );
}

fn instance(key: &str, i: usize, input: &str, dependencies: &str) -> String {
    let value = format!("{{\"value\":\"{input}\",\"type\":\"string\"}}");
    format!(
        "{{{key}\"schema_version\":0,\"attributes\":{{\"id\":\"00000000-0000-4000-8000-{i:012}\",\"input\":{value},\
         \"output\":{value},\"triggers_replace\":null}},\"sensitive_attributes\":[]{dependencies}}}"
    )
}

/// Terraform stores all dependencies, not the direct ones alone.
fn dependencies(shape: Shape, i: usize, size: usize) -> String {
    let mut all: Vec<String> = std::iter::successors(shape.before(i, size), |b| shape.before(*b, size))
        .map(|b| format!("\"terraform_data.x{b}\""))
        .collect();
    if all.is_empty() {
        return String::new();
    }
    all.sort();
    format!(",\"dependencies\":[{}]", all.join(","))
}
