//! What was taken back and can still be alive elsewhere, as the log of revocations has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sentinel_core::bundle::{RevocationList, Revoked};
use sentinel_storage::{Millis, Revocation, RevocationKind};
use uuid::Uuid;

use super::revoked::listed;
use crate::service::operations::LEEWAY;
use crate::service::{Error, Service};

/// Rows that are read at once.
const ROWS: i64 = 5_000;
/// Lists that are kept.
const LISTS: usize = 1024;

/// The revocations of the deployment, up to one number.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// In which the numbers count: another one after a restore.
    pub(super) epoch: String,
    /// The last number.
    pub(super) last: i64,
    entries: Vec<Arc<Entry>>,
    /// The number of the last one that concerns whom, so that whoever listens is not looked up among all of them.
    lasts: Lasts,
    /// Lists that were made of it, by workspace and member.
    lists: Mutex<HashMap<(Uuid, Option<Uuid>), Listed>>,
}

/// A list of some of the feed, and until when it is as short as it can be.
#[derive(Clone, Debug)]
struct Listed {
    list: Arc<RevocationList>,
    hash: [u8; 8],
    until: Millis,
}

/// The number of the last revocation, by what it concerns.
#[derive(Debug, Default)]
struct Lasts {
    /// Tokens of every workspace, whosever they are.
    everyone: i64,
    /// Tokens of every workspace, of one of whom it is not said, or of a user.
    everywhere: i64,
    /// Tokens of a workspace.
    workspaces: HashMap<Uuid, i64>,
    /// Tokens of one user, in one workspace or in all; of nobody in particular in one.
    users: HashMap<(Option<Uuid>, Option<Uuid>), i64>,
}

impl Lasts {
    fn of(entries: &[Arc<Entry>]) -> Self {
        let mut lasts = Self::default();
        // They rise.
        for Entry { seq, what, .. } in entries.iter().map(Arc::as_ref) {
            let (user, workspace) = match what {
                What::Token(_) | What::Session(_, None) => (None, None),
                What::Session(_, Some((user, workspace))) => (Some(*user), Some(*workspace)),
                What::User(sub, _) => (sub.parse().ok(), None),
                What::Member(sub, wid, _) => (sub.parse().ok(), wid.parse().ok()),
                What::Workspace(wid, _) => (None, wid.parse().ok()),
                What::All(_) => {
                    lasts.everyone = *seq;
                    (None, None)
                }
            };
            match workspace {
                Some(workspace) => _ = lasts.workspaces.insert(workspace, *seq),
                None => lasts.everywhere = *seq,
            }
            if user.is_some() || workspace.is_some() {
                lasts.users.insert((user, workspace), *seq);
            }
        }
        lasts
    }

    fn user(&self, user: Option<Uuid>, workspace: Option<Uuid>) -> i64 {
        self.users.get(&(user, workspace)).copied().unwrap_or_default()
    }
}

#[derive(Debug)]
struct Entry {
    seq: i64,
    /// Until when a verifier must know it.
    until: Millis,
    what: What,
}

/// A revocation, with whose it is.
#[derive(Debug)]
enum What {
    Token(String),
    /// With its user and workspace, where the session is still known.
    Session(String, Option<(Uuid, Uuid)>),
    User(String, i64),
    Member(String, String, i64),
    Workspace(String, i64),
    All(i64),
}

impl What {
    fn revoked(&self) -> Revoked<'_> {
        match self {
            Self::Token(jti) => Revoked::Token(jti),
            Self::Session(sid, _) => Revoked::Session(sid),
            Self::User(sub, at) => Revoked::User(sub, *at),
            Self::Member(sub, wid, at) => Revoked::Member(sub, wid, *at),
            Self::Workspace(wid, at) => Revoked::Workspace(wid, *at),
            Self::All(at) => Revoked::All(*at),
        }
    }

    /// Whether a token of the workspace can be concerned: whose it is not known to be, is.
    fn concerns(&self, workspace: Uuid) -> bool {
        match self {
            Self::Token(_) | Self::User(..) | Self::All(_) => true,
            Self::Session(_, owner) => owner.is_none_or(|(_, of)| of == workspace),
            Self::Member(_, wid, _) | Self::Workspace(wid, _) => is_id(wid, workspace),
        }
    }

    /// Whether it is about this member's own tokens. Whose a single token was is not written down: those are left out,
    /// and refused where the slice itself is fetched.
    fn is_of(&self, workspace: Uuid, user: Uuid) -> bool {
        match self {
            Self::Token(_) => false,
            Self::Session(_, owner) => *owner == Some((user, workspace)),
            Self::User(sub, _) => is_id(sub, user),
            Self::Member(sub, wid, _) => is_id(sub, user) && is_id(wid, workspace),
            Self::Workspace(wid, _) => is_id(wid, workspace),
            Self::All(_) => true,
        }
    }
}

fn is_id(text: &str, id: Uuid) -> bool {
    text == id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer())
}

impl Feed {
    /// The list of what concerns tokens of a workspace, or of one of its members, and the hash that tells it from others.
    pub(super) fn list(&self, workspace: Uuid, user: Option<Uuid>, now: Millis) -> (Arc<RevocationList>, [u8; 8]) {
        let lists = || self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lists().get(&(workspace, user)).filter(|found| found.until > now) {
            return (Arc::clone(&found.list), found.hash);
        }
        let is_in = |entry: &&Entry| match user {
            Some(user) => entry.what.is_of(workspace, user),
            None => entry.what.concerns(workspace),
        };
        let found: Vec<&Entry> = self.alive(now).filter(is_in).collect();
        let until = found.iter().map(|entry| entry.until).min().unwrap_or(Millis::MAX);
        let (list, hash) = listed(&found.iter().map(|entry| entry.what.revoked()).collect::<Vec<_>>());
        let made = Listed { list: list.into(), hash, until };
        let mut lists = lists();
        if lists.len() >= LISTS {
            lists.clear();
        }
        lists.insert((workspace, user), made.clone());
        (made.list, hash)
    }

    fn alive(&self, now: Millis) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(Arc::as_ref).filter(move |entry| entry.until > now)
    }

    /// What concerns tokens of a workspace, behind this number.
    pub(super) fn of_workspace(&self, workspace: Uuid, after: i64, now: Millis) -> Vec<Revoked<'_>> {
        let found = self.alive(now).filter(|entry| entry.seq > after && entry.what.concerns(workspace));
        found.map(|entry| entry.what.revoked()).collect()
    }

    /// The number of the last one of [`Feed::of_workspace`], whether it is still alive or not; 0: there is none.
    pub(super) fn last_of_workspace(&self, workspace: Uuid) -> i64 {
        let own = self.lasts.workspaces.get(&workspace).copied().unwrap_or_default();
        own.max(self.lasts.everywhere)
    }

    /// The number of the last one that is about one member's own tokens.
    pub(super) fn last_of_user(&self, workspace: Uuid, user: Uuid) -> i64 {
        let (user, workspace) = (Some(user), Some(workspace));
        let of = [(user, workspace), (user, None), (None, workspace)].map(|(user, of)| self.lasts.user(user, of));
        of.into_iter().fold(self.lasts.everyone, i64::max)
    }
}

impl Service {
    /// The feed as it is now. `last` is the number of the last revocation as the database has just told it.
    pub(super) async fn revocation_feed(&self, last: i64) -> Result<Arc<Feed>, Error> {
        let epoch = self.feed_epoch().await?;
        let mut known = self.bundles().feed.lock().await;
        let goes_on = known.epoch == epoch;
        if goes_on && known.last >= last {
            return Ok(Arc::clone(&known));
        }
        let now = self.now();
        let is_kept = |entry: &&Arc<Entry>| goes_on && entry.until > now;
        let mut entries: Vec<Arc<Entry>> = known.entries.iter().filter(is_kept).cloned().collect();
        let mut at = if goes_on { known.last } else { 0 };
        loop {
            let page = self.store().read().await?.revocations_after(at, ROWS).await?;
            let Some(newest) = page.last().map(|row| row.seq) else { break };
            at = newest;
            let full = i64::try_from(page.len()).is_ok_and(|rows| rows >= ROWS);
            entries.extend(self.entries(page).await?);
            if !full {
                break;
            }
        }
        let lasts = Lasts::of(&entries);
        *known = Arc::new(Feed { epoch, last: at, entries, lasts, lists: Mutex::default() });
        Ok(Arc::clone(&known))
    }

    async fn entries(&self, rows: Vec<Revocation>) -> Result<Vec<Arc<Entry>>, Error> {
        let sessions: Vec<Uuid> = rows
            .iter()
            .filter(|row| row.kind == RevocationKind::Session)
            .filter_map(|row| row.value.parse().ok())
            .collect();
        let owners = self.store().read().await?.session_owners(&sessions).await?;
        let owners: HashMap<Uuid, _> =
            owners.into_iter().map(|owner| (owner.id, (owner.user_id, owner.workspace_id))).collect();
        let owner = |sid: &str| owners.get(&sid.parse().ok()?).copied();
        let entry = |row: Revocation| {
            let before = seconds(row.at);
            let what = match row.kind {
                RevocationKind::Token => What::Token(row.value),
                RevocationKind::Session => What::Session(row.value.clone(), owner(&row.value)),
                RevocationKind::User => What::User(row.value, before),
                RevocationKind::Member => {
                    let (sub, wid) = row.value.split_once('/')?;
                    What::Member(sub.to_owned(), wid.to_owned(), before)
                }
                RevocationKind::Workspace => What::Workspace(row.value, before),
                RevocationKind::All => What::All(before),
            };
            Some(Arc::new(Entry { seq: row.seq, until: row.expires_at.saturating_add(LEEWAY), what }))
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }
}

/// The second before which tokens are void that were issued before a moment: `iat` counts whole seconds.
fn seconds(at: Millis) -> i64 {
    at.div_euclid(1000) + i64::from(at.rem_euclid(1000) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(all: Vec<What>) -> Feed {
        let entry = |(seq, what)| Arc::new(Entry { seq, until: 100, what });
        let entries: Vec<_> = (1..).zip(all).map(entry).collect();
        Feed { epoch: "e".into(), last: 9, lasts: Lasts::of(&entries), entries, lists: Mutex::default() }
    }

    #[test]
    fn what_concerns_whom() {
        let [lab, other, ada, bob] = [1, 2, 3, 4].map(Uuid::from_u128);
        let text = |id: Uuid| id.to_string();
        let feed = feed(vec![
            What::Token("t".into()),
            What::Session("ada in lab".into(), Some((ada, lab))),
            What::Session("ada elsewhere".into(), Some((ada, other))),
            What::Session("bob in lab".into(), Some((bob, lab))),
            What::Session("unknown".into(), None),
            What::User(text(bob), 5),
            What::Member(text(ada), text(lab), 6),
            What::Member(text(ada), text(other), 7),
            What::Workspace(text(other), 8),
            What::All(9),
        ]);
        let (ada_text, bob_text, lab_text) = (text(ada), text(bob), text(lab));
        let all = [
            Revoked::Token("t"),
            Revoked::Session("ada in lab"),
            Revoked::Session("bob in lab"),
            Revoked::Session("unknown"),
            Revoked::User(&bob_text, 5),
            Revoked::Member(&ada_text, &lab_text, 6),
            Revoked::All(9),
        ];
        assert_eq!(feed.of_workspace(lab, 0, 99), all);
        assert_eq!(feed.of_workspace(lab, 6, 99), all[5..]);
        assert_eq!(feed.of_workspace(lab, 0, 100), [], "nothing that it concerns is alive");
        let own = [Revoked::Session("ada in lab"), Revoked::Member(&ada_text, &lab_text, 6), Revoked::All(9)];
        for _ in 0..2 {
            let (list, hash) = feed.list(lab, Some(ada), 99);
            assert_eq!((&*list, hash), (&listed(&own).0, listed(&own).1));
            assert_eq!(*feed.list(lab, None, 99).0, listed(&all).0);
        }
        assert!(feed.list(lab, None, 100).0.is_empty());
    }

    /// The last number is that of the last entry that concerns them, whatever entries there are.
    #[test]
    fn the_last_that_concerns_someone_is_found_at_once() {
        let ids = [1, 2, 3].map(Uuid::from_u128);
        let text = |id: usize| ids[id % 3].to_string();
        let one = |kind: usize, a: usize, b: usize| match kind {
            0 => What::Token("t".into()),
            1 => What::Session("s".into(), Some((ids[a], ids[b]))),
            2 => What::Session("s".into(), None),
            3 => What::User(text(a), 1),
            4 => What::Member(text(a), text(b), 1),
            5 => What::Workspace(text(b), 1),
            _ => What::All(1),
        };
        // Every pair of kinds, each about every pair of user and workspace.
        for first in 0..7 {
            for second in 0..7 {
                for (a, b, c, d) in (0..81).map(|at| (at % 3, at / 3 % 3, at / 9 % 3, at / 27)) {
                    let feed = feed(vec![one(first, a, b), one(second, c, d)]);
                    for id in ids {
                        let last = |is: &dyn Fn(&What) -> bool| {
                            feed.entries.iter().rev().find(|entry| is(&entry.what)).map_or(0, |entry| entry.seq)
                        };
                        assert_eq!(feed.last_of_workspace(id), last(&|what| what.concerns(id)));
                        for user in ids {
                            assert_eq!(feed.last_of_user(id, user), last(&|what| what.is_of(id, user)));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_second_is_void_where_a_part_of_it_is() {
        assert_eq!((seconds(5_000), seconds(5_001), seconds(5_999)), (5, 6, 6));
    }
}
