//! How fast Firesteel is, on one machine and beside the limits of what it stands on. Each measure
//! writes its figures; the report is rendered from them and from nothing else.
//!
//! `make bench` runs it: it wants a Kubernetes whose pods KWOK plays, and a Postgres.

#![expect(clippy::print_stderr, reason = "progress of a long work")]

mod accept;
mod ceiling;
mod clients;
mod crowd;
mod figures;
mod history;
mod lists;
mod lives;
mod machine;
mod offered;
mod peers;
mod place;
mod pods;
mod report;
mod server;
mod signing;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use self::world::World;

#[derive(Parser)]
struct Arguments {
    /// What to measure, in this order; all where none is named.
    measures: Vec<Measure>,
    /// Where the figures are kept, a file for each measure.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Measures nothing: for a report of what was measured before.
    #[arg(long)]
    nothing: bool,
    /// Writes the report from the figures that are there.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Lasts a tenth of the time: to see that it works, not for figures.
    #[arg(long)]
    short: bool,
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(flatten)]
    world: world::Places,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    Accept,
    Ceiling,
    Lives,
    Peers,
    Offered,
    Burst,
    Crowd,
    Lists,
}

const ALL: [Measure; 8] = [
    Measure::Accept,
    Measure::Ceiling,
    Measure::Lives,
    Measure::Peers,
    Measure::Offered,
    Measure::Burst,
    Measure::Crowd,
    Measure::Lists,
];

// One thread: the load is to cost what is measured as little as it can.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("TLS has a provider already"))?;
    let arguments = Arguments::parse();
    let world = World::new(arguments.world, arguments.out, arguments.short)?;
    let measures = match arguments.measures.as_slice() {
        _ if arguments.nothing => Vec::new(),
        [] => ALL.to_vec(),
        named => named.to_vec(),
    };
    if !measures.is_empty() {
        world.keep("place", place::Place::look(&world).await)?;
    }
    for measure in measures {
        eprintln!("== {measure:?}");
        let kept = match measure {
            Measure::Accept => world.keep("accept", accept::measure(&world).await),
            Measure::Ceiling => world.keep("ceiling", ceiling::measure(&world).await),
            Measure::Lives => world.keep("lives", lives::measure(&world).await),
            Measure::Peers => world.keep("peers", peers::measure(&world).await),
            Measure::Offered => world.keep("offered", offered::steady(&world).await),
            Measure::Burst => world.keep("burst", offered::burst(&world).await),
            Measure::Crowd => world.keep("crowd", crowd::measure(&world).await),
            Measure::Lists => world.keep("lists", lists::measure(&world).await),
        };
        kept.with_context(|| format!("{measure:?}"))?;
    }
    match arguments.report {
        Some(_) if arguments.short => anyhow::bail!("short measures are none for a report"),
        Some(file) => report::write(&world, &file),
        None => Ok(()),
    }
}
