//! Chooses the crypto provider, reads the command line, runs: nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Two libraries bring a provider each, and rustls then refuses to choose by itself.
    let chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    debug_assert!(chosen.is_ok(), "the first choice stands");
    #[cfg(feature = "failpoints")]
    firesteel::failpoints::arm();
    firesteel::cli::main()
}
