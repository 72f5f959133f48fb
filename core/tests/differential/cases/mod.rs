//! Cases, each asked of the implementation under test and of at least one reference.

mod bigint;
mod ecdsa;
mod ed25519;
mod random;
mod rsa;

use std::collections::BTreeMap;
use std::fmt;

use random::Random;
use sentinel_core::Algorithm;
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::jose::signature::{PureRust, verify};

/// How many cases of each kind were accepted and refused, by all.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<&'static str, [u64; 2]>);

impl Tally {
    fn count(&mut self, kind: &'static str, accepted: bool) {
        self.0.entry(kind).or_default()[usize::from(accepted)] += 1;
    }

    /// A comparison in which nothing is ever accepted would prove little.
    pub(crate) fn assert_meaningful(&self) {
        for (kind, [refused, accepted]) in &self.0 {
            assert!(*accepted > 0, "{kind}: nothing was accepted");
            assert!(*refused > 0, "{kind}: nothing was refused");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, [refused, accepted]) in &self.0 {
            writeln!(f, "  {kind:<28} {accepted:>10} accepted {refused:>10} refused")?;
        }
        Ok(())
    }
}

/// Runs the cases; panics at the first one that is answered differently. Reports now and then.
pub(crate) fn run(count: u64, seed: u64, mut report: impl FnMut(u64, &Tally)) -> Tally {
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let sizes: &[usize] = if count < 100_000 { &[2048, 2049, 2050] } else { &[2048, 2049, 2050, 2055, 3072, 4096] };
    let mut rsa = rsa::Cases::new(&mut random, sizes);
    let mut ecdsa = ecdsa::Cases::default();
    bigint::full_blocks(&mut random, &mut tally);
    ecdsa::meeting_points(&mut random, 3_000, &mut tally);
    for done in 1..=count {
        match random.below(20) {
            0..6 => bigint::case(&mut random, &mut tally),
            6..13 => rsa.case(&mut random, &mut tally),
            13..18 => ecdsa.case(&mut random, &mut tally),
            _ => ed25519::case(&mut random, &mut tally),
        }
        if done % 500_000 == 0 {
            report(done, &tally);
        }
    }
    tally
}

/// What the implementation under test says, after `settle`; where ring is built in, our backend for it must agree.
fn ours(algorithm: Algorithm, key: &VerificationKey, message: &[u8], signature: &[u8]) -> bool {
    let answer = verify(&PureRust, algorithm, key, message, signature).is_ok();
    #[cfg(feature = "ring")]
    assert_eq!(
        answer,
        verify(&sentinel_core::jose::signature::Ring, algorithm, key, message, signature).is_ok(),
        "the backend Ring differs for {algorithm:?}"
    );
    answer
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
