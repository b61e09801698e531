//! What the fuzz targets check holds for their seeds.

#[path = "../../fuzz/targets.rs"]
mod targets;

fn each_seed(target: &str, check: fn(&str)) {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        check(&std::fs::read_to_string(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn parameters() {
    each_seed("parameters", targets::parameters);
}

#[test]
fn properties() {
    each_seed("properties", targets::properties);
}

#[test]
fn templates() {
    each_seed("templates", targets::templates);
}
