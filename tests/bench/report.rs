//! The report, rendered from the figures that were measured and from nothing else.

use std::fmt::Write as _;
use std::path::Path;

use super::accept::Accept;
use super::ceiling::{Bare, Ceiling};
use super::crowd::Crowd;
use super::figures::Latency;
use super::lists::Lists;
use super::lives::Lives;
use super::machine::Used;
use super::offered::Offered;
use super::peers::{Peers, Way};
use super::place::Place;
use super::world::World;

const HEAD: &str = "# How fast Firesteel is\n\n\
    `make bench` measured all of this and wrote this page: nothing here is written by hand. Whole machines differ by more than programs do, so look at the ratios first: each \
    comes from one run on one machine.\n";

/// The names under which figures are kept.
const MEASURES: [&str; 8] = [
    "accept", "ceiling", "lives", "peers", "offered", "burst", "crowd", "lists",
];

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
        if let Some(ceiling) = world.kept::<Ceiling>("ceiling")? {
            beside_a_bare_client(&lives, &ceiling, &mut bars, &mut parts)?;
        }
        if let Some(peers) = world.kept::<Peers>("peers")? {
            beside_spark_submit(&lives, &peers, &mut parts)?;
        }
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
    if let Some(lists) = world.kept::<Lists>("lists")? {
        history(&lists, &mut bars, &mut parts)?;
    }
    table(&bars, &mut text)?;
    let missing: Vec<_> = MEASURES
        .iter()
        .filter(|measure| !world.has(measure))
        .copied()
        .collect();
    if !missing.is_empty() {
        writeln!(
            text,
            "\nNot measured for this page: {}.",
            missing.join(", ")
        )?;
    }
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

fn beside_a_bare_client(
    lives: &Lives,
    ceiling: &Ceiling,
    bars: &mut Vec<Bar>,
    text: &mut String,
) -> anyhow::Result<()> {
    let own = lives.runs_per_minute / 60.0;
    let share = |bare: &Bare| own / bare.per_second * 100.0;
    bars.push(Bar {
        what: "whole lives a second, as a share of a bare client's that makes the same one object",
        bar: "70 %",
        measured: format!(
            "{own:.1} of {:.1}: {:.0} %",
            ceiling.compact.per_second,
            share(&ceiling.compact)
        ),
        kept: share(&ceiling.compact) >= 70.0,
    });
    writeln!(
        text,
        "\n## What the cluster itself gives\n\n\
         A bare client creates what Firesteel creates for the same runs, sees their ends by one watch, deletes each \
         pod at once, and does nothing else: no API, no database, no promise. Of two numbers of drivers alive \
         the best is shown. The bars of runs a minute and of CPU for a run come from a machine on which such a client \
         does 94 lives a second with one object. What a pod owns is left to Kubernetes' garbage collector, as Firesteel leaves it.\n\n\
         | objects for a run | alive | lives a second | Firesteel's share | POST of the pod, p50 | p99 | CPU of the \
         client | of the API server | maps left at the end |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    for bare in [&ceiling.compact, &ceiling.classic] {
        writeln!(
            text,
            "| {} | {} | {:.1} | {:.0} % | {:.1} ms | {:.1} ms | {:.2} ms | {:.2} ms | {} |",
            bare.objects,
            bare.live,
            bare.per_second,
            share(bare),
            bare.post.p50,
            bare.post.p99,
            bare.used.ms_per("load", bare.lives),
            bare.used.ms_per("kube-apiserver", bare.lives),
            bare.orphans,
        )?;
    }
    Ok(())
}

fn beside_spark_submit(lives: &Lives, peers: &Peers, text: &mut String) -> anyhow::Result<()> {
    let of = |program| lives.used.ms_per(program, lives.runs);
    let own = of("firesteel") + of("postgres");
    writeln!(
        text,
        "\n## Beside spark-submit\n\n\
         spark-submit of Spark {spark} on Java {java}, in cluster mode, submits the same run to the same cluster and \
         does not wait for its end, as fast as it can. Most services in front of Spark on Kubernetes start one for \
         each run. Its figures are of the submission alone; Firesteel's {rate:.0} runs a minute are whole \
         lives, and its {own:.1} ms of CPU are for all its work and Postgres' too.\n\n\
         | | in parallel | runs a minute | Firesteel's are | CPU for each | Firesteel's goes into it | memory of a JVM |\n\
         | --- | --- | --- | --- | --- | --- | --- |",
        spark = peers.spark,
        java = peers.java,
        rate = lives.runs_per_minute,
    )?;
    for peer in &peers.peers {
        let way = match peer.way {
            Way::Each => "a JVM for each run",
            Way::Shared => "the same, classes from an archive",
            Way::Warm => "one JVM that stays, warm",
        };
        writeln!(
            text,
            "| {way} | {} | {:.0} | {:.0} times as many | {:.2} s | {:.0} times | {:.0} MiB |",
            peer.parallel,
            peer.per_minute,
            lives.runs_per_minute / peer.per_minute,
            peer.cpu_seconds,
            peer.cpu_seconds * 1000.0 / own,
            peer.peak_mib,
        )?;
    }
    Ok(())
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

fn history(lists: &Lists, bars: &mut Vec<Bar>, text: &mut String) -> anyhow::Result<()> {
    let worst = lists
        .reads
        .iter()
        .map(|read| read.took.p99)
        .fold(0.0, f64::max);
    bars.push(Bar {
        what: "lists and descriptions where ten million runs have ended, whatever the filter and the page",
        bar: "p99 10 ms",
        measured: format!("p99 {worst:.1} ms at most"),
        kept: worst <= 10.0,
    });
    writeln!(
        text,
        "\n## A long history\n\n{} runs have ended, half of them in one virtual cluster. One caller, one call after \
         the other; a page has 50 runs where there are so many.\n\n\
         | | p50 | p90 | p99 | longest |\n| --- | --- | --- | --- | --- |",
        lists.runs,
    )?;
    for read in &lists.reads {
        text.push_str(&row(&read.what, &read.took));
    }
    text.push_str(&row("StartJobRun", &lists.accepted));
    Ok(())
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
