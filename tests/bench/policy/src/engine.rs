//! The engine in this process, without a server or a database. Every line takes turns with every other; each turn begins
//! with a pass that does not count, so that a line is not charged for what the others have pushed out of the caches.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Binding, CompiledModel, Evaluator, Index};
use serde::{Deserialize, Serialize};

use crate::cases::{CASES, MODEL, Question, Triple, questions, tuples};

/// Questions of one sample: what a clock that counts in nanoseconds can tell of calls that take a hundred.
const GROUP: usize = 128;

/// Nanoseconds of wall time a check.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) p10: f64,
    pub(crate) median: f64,
}

impl Spread {
    pub(crate) fn of(mut samples: Vec<f64>) -> Result<Self> {
        samples.sort_by(f64::total_cmp);
        let at = |share: usize| samples.get((samples.len().saturating_sub(1)) * share / 100).copied();
        let found = at(0).zip(at(10)).zip(at(50)).context("no samples")?;
        let ((min, p10), median) = found;
        Ok(Self { min, p10, median })
    }
}

/// How one contender does on one case with so many tuples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) contender: String,
    pub(crate) case: String,
    pub(crate) tuples: usize,
    pub(crate) ns: Spread,
}

/// What an index takes for each tuple.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes {
    /// How many were asked for, and how many there are.
    pub(crate) size: usize,
    pub(crate) tuples: usize,
    pub(crate) index: f64,
    pub(crate) names: f64,
    /// Seconds until it was built.
    pub(crate) built: f64,
}

struct Store {
    size: usize,
    index: Index,
    binding: Binding,
    questions: Vec<Vec<Question>>,
}

/// The contender's name.
pub(crate) const NATIVE: &str = "sentinel-core, native";

pub(crate) fn measure(sizes: &[usize], rounds: usize) -> Result<(Vec<Cell>, Vec<Bytes>)> {
    let model = AuthorizationModel::from_dsl(MODEL).ok().context("the model")?;
    let model = CompiledModel::compile(&model).ok().context("the model")?;
    let (mut stores, mut bytes) = (Vec::new(), Vec::new());
    for size in sizes.iter().copied() {
        let keys = tuples(size).iter().map(|tuple| TupleKey::parse(&tuple.text())).collect::<Result<Vec<_>, _>>();
        let keys = keys.ok().context("a tuple")?;
        let began = Instant::now();
        let index = Index::from_tuples(&keys).ok().context("the index is full")?;
        let (built, memory) = (began.elapsed().as_secs_f64(), index.memory());
        let each = |bytes: usize| bytes as f64 / memory.tuples as f64;
        let (of_index, names) = (each(memory.tuple_bytes), each(memory.name_bytes));
        bytes.push(Bytes { size, tuples: memory.tuples, index: of_index, names, built });
        let binding = Binding::new(&model, &index);
        let questions = CASES.iter().map(|case| questions(case.kind, size)).collect::<Result<_>>()?;
        stores.push(Store { size, index, binding, questions });
    }
    let lines = CASES.len();
    let mut samples = vec![Vec::new(); stores.len() * lines];
    for round in 0..rounds {
        for turn in 0..samples.len() {
            let line = (turn + round) % samples.len();
            let store = stores.get(line / lines).context("no store")?;
            let asked = store.questions.get(line % lines).context("no questions")?;
            let evaluator = Evaluator::bound(&model, &store.index, &store.binding);
            pass(&evaluator, asked)?;
            samples.get_mut(line).context("no line")?.extend(pass(&evaluator, asked)?);
        }
    }
    let mut cells = Vec::new();
    for (line, samples) in samples.into_iter().enumerate() {
        let (store, case) = stores.get(line / lines).zip(CASES.get(line % lines)).context("no line")?;
        let (contender, case) = (NATIVE.to_owned(), case.key.to_owned());
        cells.push(Cell { contender, case, tuples: store.size, ns: Spread::of(samples)? });
    }
    Ok((cells, bytes))
}

/// Asks everything once, and verifies it: nanoseconds a check, of each group.
fn pass(evaluator: &Evaluator<'_>, asked: &[Question]) -> Result<Vec<f64>> {
    asked
        .chunks(GROUP)
        .map(|group| {
            let (began, mut wrong) = (Instant::now(), 0);
            for Question { triple: Triple(object, relation, user), allowed, .. } in group {
                let answer = evaluator.check(black_box(object), black_box(relation), black_box(user));
                wrong += usize::from(answer != Ok(*allowed));
            }
            let ns = began.elapsed().as_nanos() as f64 / group.len() as f64;
            ensure!(wrong == 0, "{wrong} wrong answers");
            Ok(ns)
        })
        .collect()
}
