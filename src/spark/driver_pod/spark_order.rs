//! In which order Spark comes upon its properties. `SparkConf.getAll` copies Java's
//! `ConcurrentHashMap` into a mutable Scala set of pairs, whose order a submission's environment
//! and volumes keep; what is then made a map keeps it up to four entries and goes by hash beyond.
//! The collections differ between Scala 2.12 (Spark 3) and 2.13 (Spark 4).

use std::collections::BTreeMap;

/// The Scala that a Spark version is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scala {
    V2_12,
    V2_13,
}

type Pair<'a> = (&'a str, &'a str);

/// All pairs of `properties`, as `SparkConf.getAll` gives them.
pub(super) fn get_all<'a>(
    scala: Scala,
    properties: impl Iterator<Item = Pair<'a>>,
) -> Vec<Pair<'a>> {
    let pairs = concurrent_hash_map(properties.collect());
    match scala {
        Scala::V2_12 => flat_hash_set(&pairs),
        Scala::V2_13 => chained_hash_set(pairs),
    }
}

/// The keys of an immutable Scala map made of `pairs` in this order.
pub(super) fn to_map<'a>(scala: Scala, mut pairs: Vec<Pair<'a>>) -> Vec<Pair<'a>> {
    const KEEPS_ORDER: usize = 4;
    if pairs.len() > KEEPS_ORDER {
        pairs.sort_by_key(|(key, _)| trie_position(improve(string_hash(key)), 0));
        match scala {
            // A trie of leaves and branches in one row.
            Scala::V2_12 => {}
            Scala::V2_13 => pairs = leaves_first(pairs, 0),
        }
    }
    pairs
}

/// Bins by the keys' hashes; their number doubles when three quarters are taken.
fn concurrent_hash_map(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    let mut bins: u32 = 16;
    while pairs.len() >= (bins / 4 * 3) as usize {
        bins *= 2;
    }
    pairs.sort_by_cached_key(|(key, _)| {
        let hash = string_hash(key);
        (hash ^ (hash >> 16)) & (bins - 1)
    });
    pairs
}

/// Scala 2.12's open addressing: the place of a pair depends on those before it.
fn flat_hash_set<'a>(pairs: &[Pair<'a>]) -> Vec<Pair<'a>> {
    let mut table: Vec<Option<(u32, Pair<'a>)>> = vec![None; 32];
    for (count, pair) in (1..).zip(pairs) {
        put(&mut table, (byte_swap(pair_hash(pair, None)), *pair));
        if count >= table.len() * 450 / 1000 {
            let twice = vec![None; table.len() * 2];
            let old = std::mem::replace(&mut table, twice);
            for entry in old.into_iter().flatten() {
                put(&mut table, entry);
            }
        }
    }
    table.into_iter().flatten().map(|(_, pair)| pair).collect()
}

fn put<T>(table: &mut [Option<(u32, T)>], entry: (u32, T)) {
    let bits = table.len().trailing_zeros();
    let start = entry.0.rotate_right(bits) >> (32 - bits);
    let mut place = start as usize;
    while table[place].is_some() {
        place = (place + 1) % table.len();
    }
    table[place] = Some(entry);
}

fn byte_swap(hash: u32) -> u32 {
    const FACTOR: u32 = 0x9e37_75cd;
    hash.wrapping_mul(FACTOR).swap_bytes().wrapping_mul(FACTOR)
}

/// Scala 2.13's buckets, each sorted by hash.
fn chained_hash_set(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    let mut buckets: u32 = 16;
    while pairs.len() >= (buckets / 4 * 3) as usize {
        buckets *= 2;
    }
    let prefix = string_hash("Tuple2");
    pairs.sort_by_cached_key(|pair| {
        let hash = pair_hash(pair, Some(prefix));
        let hash = hash ^ (hash >> 16);
        (hash & (buckets - 1), hash.cast_signed())
    });
    pairs
}

/// Where a hash stands in a trie that takes five bits for each level, the lowest first.
fn trie_position(hash: u32, level: u32) -> u64 {
    (level..7).fold(0, |position, level| {
        position << 5 | u64::from(hash >> (5 * level) & 31)
    })
}

/// Of each node of the trie, its leaves before its branches. `pairs` come in the order of the trie.
fn leaves_first(pairs: Vec<Pair<'_>>, level: u32) -> Vec<Pair<'_>> {
    if level == 7 || pairs.len() < 2 {
        return pairs;
    }
    let digit = |pair: &Pair<'_>| improve(string_hash(pair.0)) >> (5 * level) & 31;
    let mut leaves = Vec::new();
    let mut branches = Vec::new();
    for group in pairs.chunk_by(|one, other| digit(one) == digit(other)) {
        match group {
            [leaf] => leaves.push(*leaf),
            branch => branches.extend(leaves_first(branch.to_vec(), level + 1)),
        }
    }
    leaves.extend(branches);
    leaves
}

/// Scala's improvement of a hash for its tries.
fn improve(hash: u32) -> u32 {
    let hash = hash.wrapping_add(!(hash << 9));
    let hash = hash ^ (hash >> 14);
    let hash = hash.wrapping_add(hash << 4);
    hash ^ (hash >> 10)
}

/// `java.lang.String.hashCode`.
fn string_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    })
}

/// The hash of a Scala pair; 2.13 mixes in its class's name.
fn pair_hash((key, value): &Pair<'_>, prefix: Option<u32>) -> u32 {
    let hash = prefix
        .into_iter()
        .chain([string_hash(key), string_hash(value)])
        .fold(0xcafe_babe, mix);
    let hash = hash ^ 2;
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

fn mix(hash: u32, data: u32) -> u32 {
    let data = data.wrapping_mul(0xcc9e_2d51).rotate_left(15);
    let hash = hash ^ data.wrapping_mul(0x1b87_3593);
    hash.rotate_left(13)
        .wrapping_mul(5)
        .wrapping_add(0xe654_6b64)
}

/// What a submission's `SparkConf` holds of a plan's properties: the application's id is given by
/// a step, later.
pub(super) fn spark_conf(
    properties: &BTreeMap<String, String>,
) -> impl Iterator<Item = (&str, &str)> {
    properties
        .iter()
        .filter(|(key, _)| key.as_str() != "spark.app.id")
        .map(|(key, value)| (key.as_str(), value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_scalas() {
        assert_eq!(pair_hash(&("abc", "de"), None).cast_signed(), -864_945_343);
        let prefix = Some(string_hash("Tuple2"));
        assert_eq!(
            pair_hash(&("abc", "de"), prefix).cast_signed(),
            -375_589_420
        );
    }

    #[test]
    fn all_properties_come_as_spark_gives_them() {
        let keys: Vec<String> = (0..20).map(|i| format!("spark.a.{i}")).collect();
        let values: Vec<String> = (0..20).map(|i| format!("v{i}")).collect();
        let order = |scala| {
            let pairs = keys.iter().map(String::as_str);
            let pairs = pairs.zip(values.iter().map(String::as_str));
            get_all(scala, pairs.chain([("spark.master", "k8s")]))
                .into_iter()
                .map(|(key, _)| key.rsplit('.').next().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        };
        // As recorded from Spark 3.5.9 and 4.1.4.
        assert_eq!(
            order(Scala::V2_12),
            "2 3 7 12 1 9 4 8 19 16 11 6 10 14 17 15 0 master 13 5 18"
        );
        assert_eq!(
            order(Scala::V2_13),
            "19 18 14 10 15 12 0 11 9 4 5 16 2 3 13 7 master 1 17 6 8"
        );
    }

    #[test]
    fn larger_maps_go_by_hash() {
        let order = |scala| {
            let pairs = ["A", "B", "C", "D", "E", "F"].map(|key| (key, ""));
            let keys = to_map(scala, pairs.to_vec()).into_iter();
            keys.map(|(key, _)| key).collect::<String>()
        };
        assert_eq!(order(Scala::V2_12), "EFABCD");
        assert_eq!(order(Scala::V2_13), "EFABCD");
    }
}
