//! What the expressions of the lists read: files beside the configuration, and templates as local values.

use std::os::unix::fs::symlink;
use std::path::Path;

use cplan_model::{Marks, Value};

/// Files that functions read, by name.
const FILES: &[(&str, &[u8])] = &[
    ("greet.tpl", b"hello ${name}\n"),
    ("loop.tpl", b"%{ for x in xs ~}\n- ${x}\n%{ endfor ~}\n"),
    ("branch.tpl", b"%{ if on }yes ${name}%{ else }no%{ endif }"),
    ("only.tpl", b"${x}"),
    ("hidden.tpl", b"%{ if false }${nope}%{ endif }${[for k, v in {a = 1} : \"${k}${v}\"][0]}"),
    ("recursive.tpl", b"${templatefile(\"greet.tpl\", { name = 1 })}"),
    ("recursive-text.tpl", b"${templatestring(\"x\", {})}"),
    ("operand.tpl", b"a\nb ${\"x\" + 1}\n"),
    ("two.tpl", b"${1 + \"a\"} ${\"b\" + 1}"),
    ("stray.tpl", b"%{ endfor }"),
    ("keyword.tpl", b"%{ foo }"),
    ("outside.tpl", b"${path.module}"),
    ("null.tpl", b"${null}"),
    ("escaped.tpl", b"$${x} %%{y}"),
    ("plain.txt", b"plain"),
    ("empty.txt", b""),
    ("bytes.bin", b"\xff\xfe\x00"),
    ("sub/x.txt", b"x"),
    ("sub/deep/y.txt", b"y"),
    ("sub/.dot", b""),
    ("odd[1].txt", b""),
    ("cipher.txt", include_bytes!("../fixtures/rsa/cipher.txt")),
    ("pkcs1.pem", include_bytes!("../fixtures/rsa/pkcs1.pem")),
    ("pkcs8.pem", include_bytes!("../fixtures/rsa/pkcs8.pem")),
    ("openssh.pem", include_bytes!("../fixtures/rsa/openssh.pem")),
    ("locked.pem", include_bytes!("../fixtures/rsa/locked.pem")),
    ("ec.pem", include_bytes!("../fixtures/rsa/ec.pem")),
];

/// Templates that expressions refer to, as `local.<name>`.
const TEXTS: &[(&str, &str)] = &[
    ("greeting", "hello ${name}"),
    ("lone", "${name}"),
    ("shout", "${upper(name)}"),
    ("each", "%{ for x in name ~}\n<${x}>\n%{ endfor ~}\n"),
    ("member", "a\nb ${name.x}"),
    ("again", "${templatestring(name, {})}"),
    ("outer", "${path.module}"),
    ("plain", "x"),
];

/// Puts the files into a folder.
pub(crate) fn furnish(dir: &Path) {
    for (name, bytes) in FILES {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    symlink("../plain.txt", dir.join("sub/link.txt")).unwrap();
    symlink("sub", dir.join("linked")).unwrap();
    symlink("nowhere", dir.join("dangling")).unwrap();
}

/// The local values as a block.
pub(crate) fn block() -> String {
    let escaped = |text: &str| format!("{text:?}").replace("${", "$${").replace("%{", "%%{");
    let lines: String = TEXTS.iter().map(|(name, text)| format!("  {name} = {}\n", escaped(text))).collect();
    format!("locals {{\n{lines}  secret = sensitive({})\n  number = 5\n}}\n", escaped(TEXTS[0].1))
}

/// A local value.
pub(crate) fn local(name: &str) -> Option<Value> {
    match name {
        "secret" => Some(Value::string(TEXTS[0].1).mark(Marks::SENSITIVE)),
        "number" => Some(Value::number(5)),
        _ => TEXTS.iter().find(|(n, _)| *n == name).map(|(_, text)| Value::string(*text)),
    }
}
