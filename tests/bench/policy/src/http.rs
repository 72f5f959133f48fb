//! Over HTTP on this machine: every server is asked the same by the same client, in turns.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::measure::{Asks, Counted, Measured, count};
use sentinel_bench_server::processes::Server;

use crate::cases::{CASES, Case, Question, Triple, questions, tuples};
use crate::sentinel::Sentinel;
use crate::{Options, cerbos, sentinel, spicedb};

/// Checks in one request, as many as either takes without a setting.
pub(crate) const BATCH: usize = 50;
/// Different questions of a line, spread over all tuples.
const QUESTIONS: usize = 500;
/// Before a slice counts.
const WARM_UP: Duration = Duration::from_millis(150);
/// Slices that each line is measured in, so that all servers see the same hours of the machine.
const SLICES: u32 = 3;

pub(crate) const OURS: &str = "sentinel serve";
pub(crate) const SPICEDB: &str = "SpiceDB";
pub(crate) const CERBOS: &str = "Cerbos";

/// One line of one server.
pub(crate) struct Line {
    pub(crate) case: String,
    pub(crate) server: &'static str,
    /// By request; a batch has [`BATCH`] checks.
    pub(crate) measured: Measured,
    /// Checks of a request.
    pub(crate) checks: usize,
}

/// What came out.
pub(crate) struct Outcome {
    pub(crate) tuples: usize,
    pub(crate) lines: Vec<Line>,
    /// MiB of memory that are resident, after loading and after all lines.
    pub(crate) memory: Vec<(&'static str, f64, f64)>,
    /// What the HTTP before `SpiceDB` costs by itself.
    pub(crate) front: Measured,
    pub(crate) spicedb_version: String,
}

/// What a batch line is called.
pub(crate) fn batch_name() -> String {
    format!("{BATCH} checks in one request")
}

type Read = fn(&[u8]) -> Result<Vec<bool>>;

/// A server, and what it is asked in one line.
struct Contender<'a> {
    name: &'static str,
    server: &'a Server,
    asks: Arc<[Ask]>,
    expected: Vec<Vec<bool>>,
    read: Read,
    counted: Counted,
}

pub(crate) async fn measure(binary: &Path, folder: &Path, packages: &Path, options: &Options) -> Result<Outcome> {
    let size = options.http_tuples;
    let all = tuples(size);
    println!("== HTTP: {} tuples for each", all.len());
    let ours = Sentinel::start(binary, folder.join("http"), None).await?;
    ours.write_all(&all).await?;
    let spicedb = spicedb::start(packages, &all).await?;
    let cerbos = cerbos::start(packages, &folder.join("http")).await?;
    let servers = [(OURS, &ours.server), (SPICEDB, &spicedb), (CERBOS, &cerbos)];

    let mut lines = Vec::new();
    let mut before: Option<Vec<f64>> = None;
    for case in &CASES {
        let asked = some(questions(case.kind, size)?);
        let mut contenders = one_by_one(&ours, &spicedb, &cerbos, case, &asked)?;
        for contender in &contenders {
            contender.verify().await?;
        }
        if before.is_none() {
            before = Some(servers.iter().map(|(_, server)| server.memory()).collect::<Result<_>>()?);
        }
        in_turns(&mut contenders, options).await?;
        report(&mut lines, case.name, contenders, 1)?;
    }
    let mixed = mixed(size)?;
    let mut contenders = batches(&ours, &spicedb, &mixed)?;
    for contender in &contenders {
        contender.verify().await?;
    }
    in_turns(&mut contenders, options).await?;
    report(&mut lines, &batch_name(), contenders, BATCH)?;

    let nothing = Asks::Same(Box::new(Ask::post("/nothing", "application/x-protobuf", vec![0; 64])));
    let front = count(&spicedb, options.connections, &nothing, WARM_UP, options.time).await?.measured()?;
    let after = servers.iter().map(|(_, server)| server.memory()).collect::<Result<Vec<_>>>()?;
    let memory = servers.iter().zip(before.unwrap_or_default().into_iter().zip(after));
    let memory = memory.map(|((name, _), (before, after))| (*name, before, after)).collect();
    ours.server.stop()?;
    Ok(Outcome { tuples: all.len(), lines, memory, front, spicedb_version: spicedb::version(packages)? })
}

fn one_by_one<'a>(
    ours: &'a Sentinel,
    spicedb: &'a Server,
    cerbos: &'a Server,
    case: &Case,
    asked: &[Question],
) -> Result<Vec<Contender<'a>>> {
    let expected: Vec<_> = asked.iter().map(|question| vec![question.allowed]).collect();
    let asks = asked.iter().map(|one| ours.check(&one.triple)).collect();
    let first = Contender::new(OURS, &ours.server, asks, &expected, |body| Ok(vec![sentinel::allowed(body)?]))?;
    let asks = asked.iter().map(|one| spicedb::check(&one.triple)).collect();
    let second = Contender::new(SPICEDB, spicedb, asks, &expected, |body| Ok(vec![spicedb::allowed(body)?]))?;
    let asks = asked.iter().map(|one| cerbos::check(case.kind, one)).collect();
    let third = Contender::new(CERBOS, cerbos, asks, &expected, |body| Ok(vec![cerbos::allowed(body)?]))?;
    Ok(vec![first, second, third])
}

/// So many that no answer lies ready, and that all can be verified beforehand.
fn some(mut questions: Vec<Question>) -> Vec<Question> {
    questions.truncate(QUESTIONS);
    questions
}

/// Questions of every case in turns.
fn mixed(size: usize) -> Result<Vec<Question>> {
    let cases = CASES.iter().map(|case| Ok(questions(case.kind, size)?.into_iter()));
    let mut cases = cases.collect::<Result<Vec<_>>>()?;
    let mut mixed = Vec::new();
    'all: loop {
        for case in &mut cases {
            let Some(question) = case.next() else { break 'all };
            mixed.push(question);
        }
    }
    mixed.truncate((mixed.len() / BATCH * BATCH).min(QUESTIONS));
    ensure!(!mixed.is_empty(), "too few questions for a batch");
    Ok(mixed)
}

/// Cerbos takes one person a request: these are of many.
fn batches<'a>(ours: &'a Sentinel, spicedb: &'a Server, asked: &[Question]) -> Result<Vec<Contender<'a>>> {
    let some: Vec<_> = asked.chunks(BATCH).collect();
    let expected: Vec<Vec<_>> = some.iter().map(|some| some.iter().map(|one| one.allowed).collect()).collect();
    let triples: Vec<Vec<&Triple>> = some.iter().map(|some| some.iter().map(|one| &one.triple).collect()).collect();
    let asks = triples.iter().map(|some| ours.batch(some)).collect();
    let first = Contender::new(OURS, &ours.server, asks, &expected, sentinel::all_allowed)?;
    let asks = triples.iter().map(|some| spicedb::bulk(some)).collect();
    Ok(vec![first, Contender::new(SPICEDB, spicedb, asks, &expected, spicedb::all_allowed)?])
}

impl<'a> Contender<'a> {
    fn new(
        name: &'static str,
        server: &'a Server,
        asks: Result<Arc<[Ask]>>,
        expected: &[Vec<bool>],
        read: Read,
    ) -> Result<Self> {
        Ok(Self { name, server, asks: asks?, expected: expected.to_vec(), read, counted: Counted::default() })
    }

    /// Every question once: who answers otherwise than the others is not measured.
    async fn verify(&self) -> Result<()> {
        let mut http = Connection::open(&self.server.authority).await?;
        for (ask, expected) in self.asks.iter().zip(&self.expected) {
            let (parts, body) = http.send(ask).await?;
            let text = String::from_utf8_lossy(&body);
            ensure!(parts.status.is_success(), "{}: {} {text}", self.name, parts.status);
            ensure!((self.read)(&body)? == *expected, "{} answers otherwise: {text}", self.name);
        }
        Ok(())
    }
}

async fn in_turns(contenders: &mut [Contender<'_>], options: &Options) -> Result<()> {
    for _ in 0..SLICES {
        for contender in contenders.iter_mut() {
            let asks = Asks::Each(Arc::clone(&contender.asks));
            let slice = options.time / SLICES;
            contender.counted.add(count(contender.server, options.connections, &asks, WARM_UP, slice).await?);
        }
    }
    Ok(())
}

fn report(lines: &mut Vec<Line>, case: &str, contenders: Vec<Contender<'_>>, checks: usize) -> Result<()> {
    for Contender { name, counted, .. } in contenders {
        let measured = counted.measured()?;
        let (rate, cpu) = (measured.per_second * checks as f64, measured.cpu / checks as f64);
        println!("   {case}: {name}: {rate:.0} checks/s, {cpu:.4} ms of CPU each");
        lines.push(Line { case: case.to_owned(), server: name, measured, checks });
    }
    Ok(())
}
