//! What stands in the place of a function in a mutant: the ones that take and give the same, so that nothing but its
//! answer betrays it.

/// Functions that could be taken for each other.
const ALIKE: &[&str] = &[
    "upper lower title",
    "trimspace chomp lower",
    "strrev upper urlencode",
    "base64encode base64gzip md5",
    "base64decode base64encode",
    "md5 sha1 sha256 sha512",
    "base64sha256 base64sha512 sha256",
    "urlencode base64encode",
    "basename dirname abspath pathexpand",
    "jsonencode yamlencode tostring",
    "jsondecode yamldecode",
    "csvdecode jsondecode",
    "file filebase64 filemd5",
    "filemd5 filesha1 filesha256 filesha512",
    "filebase64sha256 filebase64sha512 filesha256",
    "fileexists file",
    "abs ceil floor signum",
    "max min",
    "log pow",
    "sum length",
    "startswith endswith strcontains",
    "alltrue anytrue",
    "sort reverse distinct compact",
    "keys values",
    "tolist toset flatten",
    "length one",
    "concat coalescelist setunion",
    "setunion setintersection setsubtract setproduct",
    "trim trimprefix trimsuffix",
    "split join",
    "regex regexall",
    "element index contains",
    "slice chunklist",
    "format formatlist",
    "merge coalesce",
    "zipmap setproduct",
    "matchkeys concat",
    "transpose keys",
    "coalesce coalescelist try",
    "can issensitive",
    "sensitive nonsensitive ephemeralasnull",
    "tostring tonumber tobool",
    "tomap keys",
    "cidrhost cidrsubnet",
    "cidrnetmask cidrhost",
    "cidrsubnets cidrsubnet",
    "timeadd timecmp",
    "textencodebase64 textdecodebase64",
    "templatefile templatestring",
    "range max",
    "uuidv5 format",
    "bcrypt md5",
    "uuid timestamp",
    "timestamp uuid",
    "plantimestamp uuid",
    "lookup try",
    "substr replace",
    "replace trim",
    "parseint pow",
    "indent element",
    "formatdate timeadd",
    "timecmp timeadd",
    "fileset regexall",
    "rsadecrypt trimprefix",
];

/// Functions whose first two arguments may change places.
const SYMMETRIC: &[&str] = &["max", "min", "setunion", "setintersection"];

/// The functions that are put in the place of one.
pub(super) fn substitutes(name: &str) -> Vec<&'static str> {
    let mut all: Vec<&str> = Vec::new();
    for group in ALIKE {
        if group.split(' ').any(|n| n == name) {
            all.extend(group.split(' ').filter(|n| *n != name));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a call with its first two arguments exchanged is another call.
pub(super) fn ordered(name: &str) -> bool {
    !SYMMETRIC.contains(&name)
}

#[test]
fn every_function_has_a_substitute() {
    let without: Vec<&str> = super::FUNCTIONS.split_whitespace().filter(|name| substitutes(name).is_empty()).collect();
    assert_eq!(without, Vec::<&str>::new());
}
