//! Rebuilds when SQL changes: the macros that read these files cannot tell cargo about all of them.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=src/store/queries");
    println!("cargo:rerun-if-changed=.sqlx");
}
