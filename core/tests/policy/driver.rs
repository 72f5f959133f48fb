//! A storage that is a list: it answers the resolver's reads by looking at every tuple.

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Answer, Outcome, QueryError, Read, Resolver, Step};

pub(crate) fn read(tuples: &[TupleKey], read: &Read) -> Vec<TupleKey> {
    let is = |tuple: &TupleKey| match read {
        Read::Tuple { object, relation, user } => {
            (tuple.object(), tuple.relation(), tuple.user()) == (object, relation, user)
        }
        Read::Usersets { object, relation } => {
            (tuple.object(), tuple.relation()) == (object, relation) && tuple.user().contains('#')
        }
        Read::Objects { object, relation } => {
            let user = tuple.user();
            (tuple.object(), tuple.relation()) == (object, relation) && !user.contains('#') && !user.ends_with(":*")
        }
        Read::Users { object, relation } => (tuple.object(), tuple.relation()) == (object, relation),
        Read::StartingWith { user, relation, object_type } => {
            (tuple.user(), tuple.relation()) == (user, relation)
                && tuple.object().starts_with(&format!("{object_type}:"))
        }
        other => panic!("{other:?}"),
    };
    tuples.iter().filter(|tuple| is(tuple)).cloned().collect()
}

/// Answers until the resolver is done, what the storage knows. Gives the answer and the rounds.
pub(crate) fn drive(
    mut resolver: Resolver<'_>,
    tuples: &[TupleKey],
    knows: &mut dyn FnMut(&Read) -> bool,
) -> (Result<Outcome, QueryError>, usize) {
    let mut answers = vec![];
    let mut asked: Vec<Read> = vec![];
    let mut round = 0;
    loop {
        let reads = match resolver.step(answers) {
            Step::Done(outcome) => return (outcome, round),
            Step::Read(reads) => reads,
        };
        assert!(!reads.is_empty() && reads.iter().all(|read| !asked.contains(read)), "asked twice: {reads:?}");
        asked.extend(reads.iter().cloned());
        answers = reads
            .iter()
            .map(|one| if knows(one) { Answer::Tuples(read(tuples, one)) } else { Answer::Unknown })
            .collect();
        round += 1;
    }
}
