//! `src/wire/generated.rs` is what this generator makes of the API model: regenerate, compare, and
//! rewrite under `UPDATE=1`.
//!
//! The model is the one inside the pip-installed botocore. Names and constraints are taken from it,
//! its prose is not. The test links the library, so a `generated.rs` that does not compile has to be
//! checked out again before it can be rewritten.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

#[path = "codegen/model.rs"]
mod model;
#[path = "codegen/names.rs"]
mod names;
#[path = "codegen/overrides.rs"]
mod overrides;
#[path = "codegen/pattern.rs"]
mod pattern;
#[path = "codegen/tables.rs"]
mod tables;
#[path = "codegen/types.rs"]
mod types;

use model::Model;

#[test]
fn generated_types_are_current() {
    let mut model = Model::from_json(&read_model());
    overrides::apply(&mut model);
    let fresh = rustfmt(&generate(&model));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire/generated.rs");
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        fs::write(&path, &fresh).expect("src/wire/generated.rs is writable");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(fresh.lines())
        .position(|(old, new)| old != new);
    assert!(
        committed == fresh,
        "src/wire/generated.rs is not what the generator makes (first difference: line {}); \
         run `UPDATE=1 cargo test --test codegen`",
        differs.unwrap_or_else(|| committed.lines().count().min(fresh.lines().count())) + 1
    );
}

fn generate(model: &Model) -> String {
    let mut out = String::new();
    out.push_str(
        "//! The types are AWS's, member by member: this file is generated, never edited.\n\
         //!\n\
         //! Written by `tests/codegen.rs`; `UPDATE=1 cargo test --test codegen` rewrites it.\n\n\
         use std::collections::BTreeMap;\n\n\
         use axum::http::Method;\n\
         use serde::{Deserialize, Serialize};\n\
         use utoipa::ToSchema;\n\n\
         use super::{\n\
         open_enum::open_enum, request::Request, sensitive::Sensitive, timestamp::Timestamp,\n\
         shape::{Bounds, Kind, Member, Operation, Pattern, Shape}, validate::Shaped,\n\
         };\n\n",
    );
    tables::operations(model, &mut out);
    types::all(model, &mut out);
    tables::shapes(model, &mut out);
    out
}

/// The uncompressed API model of the botocore that the project pins.
fn read_model() -> Vec<u8> {
    let python = python();
    assert!(
        python.is_file(),
        "there is no Python with botocore at \"{}\": run `make setup`",
        python.display()
    );
    let script = "import botocore, pathlib; print(pathlib.Path(botocore.__file__).parent)";
    let output = Command::new(&python)
        .args(["-c", script])
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{} has no botocore: run `make setup`",
        python.display()
    );
    let package = String::from_utf8(output.stdout).expect("the path of botocore is UTF-8");
    let path = Path::new(package.trim()).join("data/emr-containers/2020-10-01/service-2.json.gz");
    let packed = fs::File::open(&path).expect("botocore holds the emr-containers model");
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut json)
        .expect("the model unpacks");
    json
}

fn python() -> PathBuf {
    let named = std::env::var_os("FIRESTEEL_PYTHON").filter(|value| !value.is_empty());
    let installed = || Some(firesteel::installed::virtual_environment()?.join("bin/python"));
    named
        .map(PathBuf::from)
        .or_else(installed)
        .unwrap_or_default()
}

fn rustfmt(source: &str) -> String {
    let mut child = Command::new("rustfmt")
        .args([
            "--edition",
            "2024",
            "--config-path",
            env!("CARGO_MANIFEST_DIR"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt starts");
    let mut stdin = child.stdin.take().expect("rustfmt has an input");
    stdin.write_all(source.as_bytes()).expect("rustfmt reads");
    drop(stdin);
    let output = child.wait_with_output().expect("rustfmt ends");
    assert!(
        output.status.success(),
        "rustfmt refuses the generated source"
    );
    String::from_utf8(output.stdout).expect("Rust source is UTF-8")
}
