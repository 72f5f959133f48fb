//! The short run of the fuzz target (`core/fuzz`): mutations of the corpus, made from a seed, on any compiler.
#![cfg(all(feature = "pure", feature = "policy"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "support/judge.rs"]
mod judge;
#[path = "support/seeds.rs"]
mod seeds;

const ROUNDS: usize = 30_000;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64* (Vigna 2016): good enough to choose places.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// Mostly small damage; sometimes a piece of another case, or of the same one in another place.
fn mutate(input: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(input.len());
        match random.below(7) {
            0 => input[at] ^= 1 << random.below(8),
            1 => input[at] = b"\"\\{}[]:,.0-_=eA\0"[random.below(16)],
            2 => input.insert(at, random.below(256) as u8),
            3 => drop(input.drain(at..(at + 1 + random.below(8)).min(input.len()))),
            4 => {
                let end = (at + random.below(64)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = random.below(input.len());
                input.splice(to..to, piece);
            }
            5 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let end = (from + random.below(256)).min(other.len());
                input.splice(at..(at + end - from).min(input.len()), other[from..end].iter().copied());
            }
            // Another case's part in the place of ours: its key set, its token, its configuration.
            _ => {
                let other = &others[random.below(others.len())];
                let which = random.below(4);
                let mut parts: Vec<Vec<u8>> = input.splitn(4, |byte| *byte == 0).map(<[u8]>::to_vec).collect();
                if let (Some(part), Some(theirs)) =
                    (parts.get_mut(which), other.splitn(4, |byte| *byte == 0).nth(which))
                {
                    *part = theirs.to_vec();
                    *input = parts.join(&0);
                }
            }
        }
        if input.is_empty() {
            input.push(0);
        }
    }
}

#[test]
fn mutations_of_the_corpus_break_no_promise() {
    let seeds = seeds::seeds();
    assert!(seeds.len() > 1_000, "the corpus is gone: {} cases", seeds.len());
    for input in &seeds {
        judge::judge(input);
    }
    let mut random = Random(0x5e17_1e1d_2026_0001);
    for round in 0..ROUNDS {
        let mut input = seeds[random.below(seeds.len())].clone();
        mutate(&mut input, &seeds, &mut random);
        let shown = String::from_utf8_lossy(&input).into_owned();
        if std::panic::catch_unwind(|| judge::judge(&input)).is_err() {
            panic!("round {round}: {shown:?}");
        }
    }
}
