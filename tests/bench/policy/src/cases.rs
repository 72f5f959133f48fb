//! What is asked, the same everywhere: a model, tuples and questions.

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// Of the engine, and of `sentinel serve`.
pub(crate) const MODEL: &str = "model
  schema 1.1

type user

type group
  relations
    define member: [user, group#member]

type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent

type document
  relations
    define blocked: [user]
    define can_read: viewer but not blocked
    define owner: [user]
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
";

/// The relation whose tuples [`SCHEMA`] keeps under another name: there a permission has no tuples of its own.
pub(crate) const MIXED: (&str, &str) = ("viewer", "direct_viewer");

/// The same for `SpiceDB`.
pub(crate) const SCHEMA: &str = "
definition user {}

definition group {
  relation member: user | group#member
}

definition folder {
  relation parent: folder
  relation direct_viewer: user | group#member
  permission viewer = direct_viewer + parent->viewer
}

definition document {
  relation blocked: user
  relation owner: user
  relation parent: folder
  relation direct_viewer: user | group#member
  permission viewer = direct_viewer + parent->viewer
  permission can_read = viewer - blocked
}
";

/// Every so many documents one has a chain of folders and one of groups above it; the others have an owner.
pub(crate) const STEP: usize = 100;
/// The tuples of such a chain.
const CHAIN: usize = 17;
/// Folders above such a document.
pub(crate) const DEPTH: usize = 10;
/// Groups between such a document and the one who is in the innermost.
pub(crate) const GROUPS: usize = 3;
/// People who own documents.
const OWNERS: usize = 10_000;
/// Most questions of a case.
const QUESTIONS: usize = 1024;

/// `document:1`, `owner`, `user:1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Triple(pub(crate) String, pub(crate) String, pub(crate) String);

impl Triple {
    fn new(object: String, relation: &str, user: String) -> Self {
        Self(object, relation.to_owned(), user)
    }

    /// `document:1#owner@user:1`.
    pub(crate) fn text(&self) -> String {
        format!("{}#{}@{}", self.0, self.1, self.2)
    }
}

/// `document:1` in its two parts.
pub(crate) fn split(object: &str) -> Result<(&str, &str)> {
    object.split_once(':').with_context(|| format!("{object} is no object"))
}

/// About this many: ninety-nine of a hundred documents have one tuple, its owner.
pub(crate) fn tuples(count: usize) -> Vec<Triple> {
    let mut all = Vec::with_capacity(count + CHAIN);
    let mut add = |object: String, relation: &str, user: String| all.push(Triple::new(object, relation, user));
    for n in 0..count {
        if n % STEP == 0 {
            add(format!("document:{n}"), "parent", format!("folder:{n}-1"));
            for depth in 1..DEPTH {
                add(format!("folder:{n}-{depth}"), "parent", format!("folder:{n}-{}", depth + 1));
            }
            add(format!("folder:{n}-{DEPTH}"), "viewer", format!("user:deep-{n}"));
            add(format!("document:{n}"), "viewer", format!("group:{n}-1#member"));
            for level in 1..GROUPS {
                add(format!("group:{n}-{level}"), "member", format!("group:{n}-{}#member", level + 1));
            }
            add(format!("group:{n}-{GROUPS}"), "member", format!("user:grouped-{n}"));
            add(format!("group:{n}-{GROUPS}"), "member", format!("user:blocked-{n}"));
            add(format!("document:{n}"), "blocked", format!("user:blocked-{n}"));
        } else if n % STEP >= CHAIN {
            add(format!("document:{n}"), "owner", format!("user:{}", n % OWNERS));
        }
    }
    all
}

/// What a case asks about one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Direct,
    Stranger,
    Groups,
    Depth,
    Exclusion,
    Nobody,
}

/// One line of every table.
pub(crate) struct Case {
    pub(crate) kind: Kind,
    /// What files of figures call it.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const CASES: [Case; 6] = [
    Case { kind: Kind::Direct, key: "direct", name: "direct" },
    Case { kind: Kind::Groups, key: "groups", name: "3 levels of groups" },
    Case { kind: Kind::Depth, key: "depth", name: "folders 10 deep" },
    Case { kind: Kind::Exclusion, key: "exclusion", name: "exclusion, half of them excluded" },
    Case { kind: Kind::Stranger, key: "deny", name: "deny, direct" },
    Case { kind: Kind::Nobody, key: "deny-all", name: "deny, after groups and folders" },
];

/// A question about one document, and its answer.
pub(crate) struct Question {
    /// Which document.
    pub(crate) document: usize,
    pub(crate) triple: Triple,
    pub(crate) allowed: bool,
}

/// Questions of a case over so many tuples: at most 1,024 different ones, spread over all of them.
pub(crate) fn questions(kind: Kind, count: usize) -> Result<Vec<Question>> {
    let owned = matches!(kind, Kind::Direct | Kind::Stranger);
    let documents: Vec<usize> = (0..count).filter(|n| if owned { n % STEP >= CHAIN } else { n % STEP == 0 }).collect();
    if documents.is_empty() {
        bail!("{count} tuples are too few to ask about");
    }
    let asked = documents.len().min(QUESTIONS);
    // 7919 is prime: neighbours in time are not neighbours in memory.
    (0..asked)
        .map(|at| {
            let n = *documents.get(at * 7919 % asked * documents.len() / asked).context("no document")?;
            Ok(question(kind, n, at % 2 == 0))
        })
        .collect()
}

fn question(kind: Kind, n: usize, even: bool) -> Question {
    let (relation, user, allowed) = match kind {
        Kind::Direct => ("owner", format!("user:{}", n % OWNERS), true),
        Kind::Stranger => ("owner", format!("user:{}", (n + 1) % OWNERS), false),
        Kind::Groups => ("viewer", format!("user:grouped-{n}"), true),
        Kind::Depth => ("viewer", format!("user:deep-{n}"), true),
        Kind::Exclusion if even => ("can_read", format!("user:grouped-{n}"), true),
        Kind::Exclusion => ("can_read", format!("user:blocked-{n}"), false),
        Kind::Nobody => ("viewer", format!("user:{}", (n + CHAIN) % OWNERS), false),
    };
    Question { document: n, triple: Triple::new(format!("document:{n}"), relation, user), allowed }
}

#[cfg(test)]
mod tests {
    use sentinel_core::policy::model::AuthorizationModel;
    use sentinel_core::policy::tuple::TupleKey;
    use sentinel_core::policy::{CompiledModel, Evaluator, Index};

    use super::*;

    #[test]
    fn every_answer_is_the_engine_s() {
        let model = CompiledModel::compile(&AuthorizationModel::from_dsl(MODEL).unwrap()).unwrap();
        let tuples: Vec<_> = tuples(1000).iter().map(|tuple| TupleKey::parse(&tuple.text()).unwrap()).collect();
        assert!((950..1050).contains(&tuples.len()), "{}", tuples.len());
        let index = Index::from_tuples(&tuples).unwrap();
        let evaluator = Evaluator::new(&model, &index);
        for case in &CASES {
            let asked = questions(case.kind, 1000).unwrap();
            assert!(asked.len() >= 10);
            for Question { triple: Triple(object, relation, user), allowed, .. } in asked {
                assert_eq!(evaluator.check(&object, &relation, &user), Ok(allowed), "{object} {relation} {user}");
            }
        }
    }
}
