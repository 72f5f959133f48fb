//! A store of documents for measurements: people own documents, groups see folders, and some folders stand ten deep.

use sentinel_core::policy::tuple::TupleKey;

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
    define parent: [folder]
    define owner: [user]
    define blocked: [user]
    define viewer: [user, group#member] or owner or viewer from parent
    define can_read: viewer but not blocked
";

/// Folders above a document that is one of [`deep`].
const DEPTH: usize = 10;
/// Of so many tuples a chain of folders takes the first few.
const STEP: usize = 500;

/// How many people there are among so many tuples.
pub(crate) fn people(count: usize) -> usize {
    (count / 100).max(100)
}

/// The name of a person.
pub(crate) fn user(number: usize) -> String {
    format!("user:{number:06}")
}

/// About this many tuples. A user for every hundred of them, each in a group of twenty and owner of as many documents as the others; of
/// fifty tuples one puts a document into a folder, one shares one, one blocks somebody, and one lets a group see a folder.
pub(crate) fn tuples(count: usize) -> Vec<TupleKey> {
    let users = people(count);
    let mut all = Vec::with_capacity(count + 8);
    let mut add = |text: String| all.push(TupleKey::parse(&text).unwrap());
    let groups = users / 20;
    for number in 0..users {
        add(format!("group:{}#member@{}", number % groups, user(number)));
    }
    for chain in 0..chains(count) {
        add(format!("document:deep-{chain}#parent@folder:deep-{chain}-1"));
        for depth in 1..DEPTH {
            add(format!("folder:deep-{chain}-{depth}#parent@folder:deep-{chain}-{}", depth + 1));
        }
        add(format!("folder:deep-{chain}-{DEPTH}#viewer@{}", user(chain % users)));
    }
    let mut document = 0;
    for at in users + chains(count) * (DEPTH + 1)..count {
        match at % 50 {
            0 => add(format!("document:{document}#parent@folder:{}", document % (groups * 2))),
            1 => add(format!("document:{document}#viewer@{}", user(document * 7919 % users))),
            2 => add(format!("document:{document}#blocked@{}", user(document * 104_729 % users))),
            3 => add(format!("folder:{}#viewer@group:{}#member", document % (groups * 2), document % groups)),
            _ => {
                document += 1;
                add(format!("document:{document}#owner@{}", user(document * 31 % users)));
            }
        }
    }
    all
}

fn chains(count: usize) -> usize {
    count / STEP
}

/// Documents under ten folders, each with the one who sees the last of these.
pub(crate) fn deep(count: usize) -> impl Iterator<Item = (String, String)> {
    (0..chains(count)).map(move |chain| (format!("document:deep-{chain}"), user(chain % people(count))))
}
