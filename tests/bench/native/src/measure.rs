//! Wall time and CPU per token, in microseconds.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::contenders::Contender;

/// By contender.
pub type Results = BTreeMap<String, Summary>;

#[derive(Serialize)]
pub struct Summary {
    min: f64,
    p10: f64,
    median: f64,
    samples: usize,
    cpu: f64,
}

#[derive(Default)]
struct Measured {
    samples: Vec<f64>,
    cpu: f64,
}

/// One sample a token; who goes first rotates.
pub fn in_turns(contenders: &mut [Contender<'_>], tokens: &[String], batch: usize) -> Result<Results, Box<dyn Error>> {
    let mut measured = start(contenders);
    for (round, tokens) in tokens.chunks_exact(batch).enumerate() {
        for turn in 0..contenders.len() {
            let index = (turn + round) % contenders.len();
            let (contender, measured) = (&mut contenders[index], &mut measured[index]);
            let before = cpu();
            for token in tokens {
                let start = Instant::now();
                let held = (contender.verify)(token);
                measured.samples.push(start.elapsed().as_secs_f64() * 1e6);
                held.map_err(|error| format!("{}: {error}", contender.name))?;
            }
            measured.cpu += cpu() - before;
        }
    }
    Ok(summaries(contenders, measured))
}

/// The same token, two thousand times a sample.
pub fn again(contenders: &mut [Contender<'_>], token: &str, turns: usize) -> Result<Results, Box<dyn Error>> {
    const BATCH: u32 = 2_000;
    let mut measured = start(contenders);
    for _ in 0..turns {
        for (contender, measured) in contenders.iter_mut().zip(&mut measured) {
            let before = cpu();
            let start = Instant::now();
            for _ in 0..BATCH {
                (contender.verify)(token)?;
            }
            measured.samples.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH));
            measured.cpu += cpu() - before;
        }
    }
    let mut summaries = summaries(contenders, measured);
    for summary in summaries.values_mut() {
        summary.cpu /= f64::from(BATCH);
    }
    Ok(summaries)
}

fn start(contenders: &[Contender<'_>]) -> Vec<Measured> {
    contenders.iter().map(|_| Measured::default()).collect()
}

fn summaries(contenders: &[Contender<'_>], measured: Vec<Measured>) -> Results {
    contenders
        .iter()
        .zip(measured)
        .map(|(contender, measured)| (contender.name.to_string(), summary(measured)))
        .collect()
}

fn summary(Measured { mut samples, cpu }: Measured) -> Summary {
    samples.sort_by(f64::total_cmp);
    let last = samples.len() - 1;
    Summary {
        min: samples[0],
        p10: samples[last / 10],
        median: samples[last / 2],
        samples: samples.len(),
        cpu: cpu / samples.len() as f64,
    }
}

/// What this process has used so far.
fn cpu() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 * 1e6 + spent.tv_nsec as f64 / 1e3
}
