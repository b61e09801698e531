//! The report, rendered from the figures that were measured and from nothing else.

use std::fmt::Write as _;
use std::path::Path;

use super::accept::Accept;
use super::crowd::Crowd;
use super::figures::Latency;
use super::lives::Lives;
use super::machine::Used;
use super::offered::Offered;
use super::place::Place;
use super::world::World;

const HEAD: &str = "# How fast Firesteel is\n\n\
    `make bench` measured all of this and wrote this page: nothing here is written by hand, and nothing is left \
    out that it measures. Whole machines differ by more than programs do, so look at the ratios first: each \
    comes from one run on one machine.\n";

/// A promise, what was measured, and whether it was kept.
struct Bar {
    what: &'static str,
    bar: &'static str,
    measured: String,
    kept: bool,
}

pub fn write(world: &World, file: &Path) -> anyhow::Result<()> {
    let mut text = HEAD.to_owned();
    let mut bars = Vec::new();
    let mut parts = String::new();
    if let Some(place) = world.kept::<Place>("place")? {
        write!(text, "\n{place}\n")?;
    }
    if let Some(lives) = world.kept::<Lives>("lives")? {
        whole_lives(&lives, &mut bars, &mut parts)?;
    }
    if let Some(offered) = world.kept::<Offered>("offered")? {
        bars.push(Bar {
            what: "StartJobRun's answer to the driver pod, at 20 runs a second",
            bar: "p50 30 ms, p99 250 ms",
            measured: of(&offered.driver),
            kept: offered.driver.p50 <= 30.0 && offered.driver.p99 <= 250.0,
        });
        at_a_rate("Twenty a second", &offered, &mut parts)?;
    }
    if let Some(burst) = world.kept::<Offered>("burst")? {
        bars.push(Bar {
            what: "the same in a burst of 1,500 a minute, none refused, all COMPLETED",
            bar: "p99 2 s",
            measured: of(&burst.driver),
            kept: burst.driver.p99 <= 2000.0,
        });
        at_a_rate("A burst", &burst, &mut parts)?;
    }
    if let Some(crowd) = world.kept::<Crowd>("crowd")? {
        crowds(&crowd, &mut bars, &mut parts)?;
    }
    if let Some(accept) = world.kept::<Accept>("accept")? {
        accepted(&accept, &mut bars, &mut parts)?;
    }
    table(&bars, &mut text)?;
    std::fs::write(file, text + &parts)?;
    Ok(())
}

fn table(bars: &[Bar], text: &mut String) -> anyhow::Result<()> {
    writeln!(
        text,
        "\n| measure | bar | measured | |\n| --- | --- | --- | --- |"
    )?;
    for Bar {
        what,
        bar,
        measured,
        kept,
    } in bars
    {
        let kept = if *kept { "kept" } else { "**not kept**" };
        writeln!(text, "| {what} | {bar} | {measured} | {kept} |")?;
    }
    Ok(())
}

fn whole_lives(lives: &Lives, bars: &mut Vec<Bar>, text: &mut String) -> anyhow::Result<()> {
    bars.push(Bar {
        what: "runs a minute, from StartJobRun to COMPLETED",
        bar: "3,000",
        measured: format!("{:.0}", lives.runs_per_minute),
        kept: lives.runs_per_minute >= 3000.0,
    });
    let own = lives.used.ms_per("firesteel", lives.runs);
    bars.push(Bar {
        what: "CPU of Firesteel for a run, all of its work",
        bar: "3 ms",
        measured: format!("{own:.2} ms"),
        kept: own <= 3.0,
    });
    writeln!(
        text,
        "\n## Whole lives\n\n\
         {live} runs are live at any time, each driver runs 1 s; {runs} runs ended in {seconds:.0} s. Firesteel's \
         process had {peak:.0} MiB at most.\n",
        live = lives.live,
        runs = lives.runs,
        seconds = lives.used.seconds,
        peak = lives.peak_mib,
    )?;
    shares(&lives.used, lives.runs, text)
}

fn at_a_rate(title: &str, offered: &Offered, text: &mut String) -> anyhow::Result<()> {
    writeln!(
        text,
        "\n## {title}\n\n{} runs were offered at {:.0} a minute; none was refused and all ended COMPLETED.\n\n\
         | | p50 | p90 | p99 | longest |\n| --- | --- | --- | --- | --- |\n{}{}",
        offered.runs,
        offered.per_minute,
        row("StartJobRun", &offered.accepted),
        row("its answer to the driver pod", &offered.driver),
    )?;
    shares(&offered.used, offered.runs as u64, text)
}

fn crowds(crowd: &Crowd, bars: &mut Vec<Bar>, text: &mut String) -> anyhow::Result<()> {
    bars.push(Bar {
        what: "the end of a driver to COMPLETED in DescribeJobRun, with 5,000 live runs",
        bar: "p99 1 s",
        measured: of(&crowd.end),
        kept: crowd.end.p99 <= 1000.0,
    });
    bars.push(Bar {
        what: "memory with 10,000 live runs",
        bar: "250 MB",
        measured: format!("{:.0} MiB, {:.0} at most", crowd.mib, crowd.peak_mib),
        kept: crowd.peak_mib * 1.048_576 <= 250.0,
    });
    writeln!(
        text,
        "\n## A crowd\n\nWith {} live runs, {} drivers ended one after the other. With {} live runs the process had \
         {:.0} MiB.\n\n\
         | | p50 | p90 | p99 | longest |\n| --- | --- | --- | --- | --- |\n{}",
        crowd.live,
        crowd.end.count,
        crowd.most,
        crowd.mib,
        row("a driver's end to COMPLETED", &crowd.end),
    )?;
    Ok(())
}

fn accepted(accept: &Accept, bars: &mut Vec<Bar>, text: &mut String) -> anyhow::Result<()> {
    bars.push(Bar {
        what: "StartJobRun alone, a second, at 64 connections",
        bar: "4,000, p99 50 ms",
        measured: format!("{:.0}, {}", accept.per_second, of(&accept.accepted)),
        kept: accept.per_second >= 4000.0 && accept.accepted.p99 <= 50.0,
    });
    writeln!(
        text,
        "\n## StartJobRun alone\n\n{} connections, every request signed; no workers.\n\n\
         | | p50 | p90 | p99 | longest |\n| --- | --- | --- | --- | --- |\n{}",
        accept.connections,
        row("StartJobRun", &accept.accepted),
    )?;
    shares(&accept.used, accept.accepted.count as u64, text)
}

/// Who took the machine.
fn shares(used: &Used, count: u64, text: &mut String) -> anyhow::Result<()> {
    writeln!(
        text,
        "\n| program | cores | CPU for each |\n| --- | --- | --- |"
    )?;
    let mut programs: Vec<_> = used.cpu.iter().collect();
    programs.sort_by(|one, other| other.1.total_cmp(one.1));
    for (program, seconds) in programs {
        let cores = seconds / used.seconds;
        let each = used.ms_per(program, count);
        writeln!(text, "| {program} | {cores:.2} | {each:.2} ms |")?;
    }
    Ok(())
}

fn of(latency: &Latency) -> String {
    format!("p50 {:.0} ms, p99 {:.0} ms", latency.p50, latency.p99)
}

fn row(what: &str, latency: &Latency) -> String {
    let Latency {
        p50, p90, p99, max, ..
    } = latency;
    format!("| {what} | {p50:.1} ms | {p90:.1} ms | {p99:.1} ms | {max:.0} ms |\n")
}
