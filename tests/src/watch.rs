//! Runs one case at a time on a thread of its own, so that a crash or a hang of one is that case's failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::report::Outcome;

/// The guard of the format: a case that takes longer has hung.
const GUARD: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() -> Outcome + Send>;

#[derive(Default)]
pub(crate) struct Watch {
    worker: Option<(Sender<Job>, Receiver<Outcome>)>,
}

impl Watch {
    pub(crate) fn run(&mut self, job: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
        let (jobs, outcomes) = self.worker.take().unwrap_or_else(start);
        if jobs.send(Box::new(job)).is_err() {
            return Err("its thread ended".into());
        }
        match outcomes.recv_timeout(GUARD) {
            Ok(outcome) => {
                self.worker = Some((jobs, outcomes));
                outcome
            }
            // The thread cannot be stopped: it is left behind, the next case gets another.
            Err(RecvTimeoutError::Timeout) => Err(format!("no answer within {} s", GUARD.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err("its thread ended".into()),
        }
    }
}

fn start() -> (Sender<Job>, Receiver<Outcome>) {
    let (jobs, inbox) = channel::<Job>();
    let (outbox, outcomes) = channel();
    thread::spawn(move || {
        for job in inbox {
            let outcome = catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| Err("it panicked".into()));
            if outbox.send(outcome).is_err() {
                return;
            }
        }
    });
    (jobs, outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_a_hang_are_failures_of_their_case() {
        let mut watch = Watch::default();
        assert_eq!(watch.run(|| panic!("on purpose")), Err("it panicked".into()));
        assert_eq!(watch.run(|| Ok(Vec::new())), Ok(Vec::new()));
        let hang = || {
            thread::sleep(GUARD + Duration::from_secs(1));
            Ok(Vec::new())
        };
        assert_eq!(watch.run(hang), Err("no answer within 5 s".into()));
        assert_eq!(watch.run(|| Ok(Vec::new())), Ok(Vec::new()));
    }
}
