//! What was taken back and can still be alive elsewhere, as the log of revocations has it.

use std::collections::HashMap;
use std::sync::Arc;

use sentinel_core::bundle::Revoked;
use sentinel_storage::{Millis, Revocation, RevocationKind};
use uuid::Uuid;

use crate::service::operations::LEEWAY;
use crate::service::{Error, Service};

/// Rows that are read at once.
const ROWS: i64 = 5_000;

/// The revocations of the deployment, up to one number.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// In which the numbers count: another one after a restore.
    pub(super) epoch: String,
    /// The last number.
    pub(super) last: i64,
    entries: Vec<Arc<Entry>>,
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
            Self::Member(_, wid, _) | Self::Workspace(wid, _) => *wid == workspace.to_string(),
        }
    }

    /// Whether it is about this member's own tokens. Whose a single token was is not written down: those are left out,
    /// and refused where the slice itself is fetched.
    fn is_of(&self, workspace: Uuid, user: Uuid) -> bool {
        let is_user = |sub: &str| sub == user.to_string();
        match self {
            Self::Token(_) => false,
            Self::Session(_, owner) => *owner == Some((user, workspace)),
            Self::User(sub, _) => is_user(sub),
            Self::Member(sub, wid, _) => is_user(sub) && *wid == workspace.to_string(),
            Self::Workspace(wid, _) => *wid == workspace.to_string(),
            Self::All(_) => true,
        }
    }
}

impl Feed {
    fn alive(&self, now: Millis) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(Arc::as_ref).filter(move |entry| entry.until > now)
    }

    /// What concerns tokens of a workspace, behind this number.
    pub(super) fn of_workspace(&self, workspace: Uuid, after: i64, now: Millis) -> Vec<Revoked<'_>> {
        let found = self.alive(now).filter(|entry| entry.seq > after && entry.what.concerns(workspace));
        found.map(|entry| entry.what.revoked()).collect()
    }

    /// What concerns the tokens of one member.
    pub(super) fn of_user(&self, workspace: Uuid, user: Uuid, now: Millis) -> Vec<Revoked<'_>> {
        let found = self.alive(now).filter(|entry| entry.what.is_of(workspace, user));
        found.map(|entry| entry.what.revoked()).collect()
    }

    /// The number of the last one of [`Feed::of_workspace`], whether it is still alive or not; 0: there is none.
    pub(super) fn last_of_workspace(&self, workspace: Uuid) -> i64 {
        let mut behind = self.entries.iter().rev();
        behind.find(|entry| entry.what.concerns(workspace)).map_or(0, |entry| entry.seq)
    }

    /// The number of the last one of [`Feed::of_user`].
    pub(super) fn last_of_user(&self, workspace: Uuid, user: Uuid) -> i64 {
        let mut behind = self.entries.iter().rev();
        behind.find(|entry| entry.what.is_of(workspace, user)).map_or(0, |entry| entry.seq)
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
        *known = Arc::new(Feed { epoch, last: at, entries });
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
        Feed { epoch: "e".into(), last: 9, entries: (1..).zip(all).map(entry).collect() }
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
        assert_eq!(feed.of_user(lab, ada, 99), own);
    }

    #[test]
    fn a_second_is_void_where_a_part_of_it_is() {
        assert_eq!((seconds(5_000), seconds(5_001), seconds(5_999)), (5, 6, 6));
    }
}
