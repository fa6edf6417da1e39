//! Seeded draws: random numbers that do not depend on each other.
//!
//! A draw is a pure function of the run's seed, a stream's name and an index.
//! There is no generator to advance. So adding a request does not change the
//! latency of the others, and the order of polls does not matter. The asyncio
//! twins compute the same function and draw the same numbers.
//!
//! The mixing step is the finalizer of `SplitMix64` (Steele, Lea and Flood, "Fast
//! splittable pseudorandom number generators", OOPSLA 2014); the stream's name
//! is hashed with 64-bit FNV-1a (Fowler, Noll and Vo).

use std::ops::RangeInclusive;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 well-mixed bits for an index of a stream.
pub fn bits(seed: u64, stream: &str, index: u64) -> u64 {
    let name =
        stream.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    mix(mix(seed.wrapping_add(GOLDEN) ^ name).wrapping_add(index.wrapping_mul(GOLDEN)))
}

/// A whole number from the range, with equal probability.
pub fn within(seed: u64, stream: &str, index: u64, range: &RangeInclusive<u64>) -> u64 {
    let span = u128::from(range.end().saturating_sub(*range.start())) + 1;
    // Multiply and shift (Lemire 2019). For the ranges of parameters the bias is below 2^-40.
    range.start() + ((u128::from(bits(seed, stream, index)) * span) >> 64) as u64
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The docstrings of `twin.py` check the same numbers.
    #[test]
    fn known_vectors() {
        for (seed, stream, index, expected) in [
            (0, "", 0, 0x8604_4e72_31d0_85c7),
            (0, "latency", 0, 0x311c_67b4_d8b7_68b2),
            (0, "latency", 1, 0x2faa_4d4a_82dd_ec5a),
            (7, "latency", 0, 0x466f_71d7_c2bb_46d3),
            (u64::MAX, "é", 1_000_000_000_000, 0x3dd4_a0b3_b440_b042),
        ] {
            assert_eq!(bits(seed, stream, index), expected, "bits({seed}, {stream:?}, {index})");
        }
    }

    #[test]
    fn draws_stay_in_the_range_and_reach_both_ends() {
        let drawn: Vec<u64> = (0..1000).map(|i| within(7, "die", i, &(1..=6))).collect();
        assert!((1..=6).all(|face| drawn.contains(&face)));
        assert!(drawn.iter().all(|face| (1..=6).contains(face)));
    }

    #[test]
    fn the_narrowest_and_the_widest_range_hold() {
        assert_eq!(within(7, "one", 0, &(5..=5)), 5);
        assert_eq!(within(7, "all", 3, &(0..=u64::MAX)), bits(7, "all", 3));
    }

    #[test]
    fn each_of_seed_stream_and_index_changes_the_draw() {
        let draw = bits(1, "latency", 1);
        assert!(![bits(2, "latency", 1), bits(1, "jitter", 1), bits(1, "latency", 2)].contains(&draw));
    }
}
