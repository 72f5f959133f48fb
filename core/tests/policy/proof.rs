//! A proof is only worth what somebody else can check.

use std::collections::BTreeMap;

use sentinel_core::policy::{By, ExplainStep};

use crate::oracle::{Answer, Oracle, condition};

type All = BTreeMap<(String, String), Answer>;

/// Whether the steps prove `object#relation@user`: each rests on a tuple that is there, or on those below it.
pub(crate) fn check(
    steps: &[ExplainStep],
    object: &str,
    relation: &str,
    user: &str,
    oracle: &Oracle<'_>,
    all: &All,
) -> bool {
    let wanted = format!("{object}#{relation}");
    one(steps, &wanted, user, oracle, all) == Some(steps.len())
}

/// Checks the proof that begins with the first step. Gives how many steps it takes.
fn one(steps: &[ExplainStep], wanted: &str, user: &str, oracle: &Oracle<'_>, all: &All) -> Option<usize> {
    let step = steps.first()?;
    if step.by == By::Itself {
        return (wanted == user).then_some(1);
    }
    // Everything a proof rests on is true.
    let (object, relation) = wanted.split_once('#')?;
    let holds = all.get(&(object.to_owned(), relation.to_owned())) == Some(&Answer::Yes);
    if step.relation != wanted || !holds {
        return None;
    }
    let below = |wanted: &str| Some(1 + one(&steps[1..], wanted, user, oracle, all)?);
    match &step.by {
        By::Tuple(tuple) => {
            let written = tuple.split_once('@')?.1;
            let everyone = written.strip_suffix('*').is_some_and(|of| user.starts_with(of) && !user.contains('#'));
            (tuple.starts_with(&format!("{wanted}@")) && (written == user || everyone) && stored(oracle, tuple))
                .then_some(1)
        }
        By::Userset(tuple) => {
            let userset = tuple.strip_prefix(&format!("{wanted}@"))?;
            if stored(oracle, tuple) { below(userset) } else { None }
        }
        By::Parent(tuple, asked) => {
            let parent = tuple.strip_prefix(&format!("{object}#"))?.split_once('@')?.1;
            if stored(oracle, tuple) { below(&format!("{parent}#{asked}")) } else { None }
        }
        By::Computed(other) => below(other),
        // The operands stand below, each a proof of the same relation by another part of its rewrite.
        By::Intersection | By::Exclusion => {
            let mut taken = 1;
            while steps.get(taken).is_some_and(|next| next.level > step.level) {
                let next = &steps[taken].relation;
                taken += if steps[taken].by == By::Itself { 1 } else { one(&steps[taken..], next, user, oracle, all)? };
            }
            (taken > 1).then_some(taken)
        }
        _ => None,
    }
}

fn stored(oracle: &Oracle<'_>, text: &str) -> bool {
    oracle.tuples().iter().any(|tuple| {
        format!("{}#{}@{}", tuple.object(), tuple.relation(), tuple.user()) == text
            && oracle.is_allowed(tuple)
            && condition(tuple) == Answer::Yes
    })
}
