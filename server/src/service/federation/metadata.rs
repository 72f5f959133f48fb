//! A SAML provider's metadata: pinned when they are configured, and followed where they have a URL.
//!
//! A certificate that the metadata at the pinned URL show is taken from then on. One that they show no more is still taken
//! for a while: a response that was signed just before is on its way, and providers change their metadata before or after
//! they change keys. What does not answer changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use sentinel_idp::saml::{IdpMetadata, MetadataOptions};
use sentinel_storage::SsoConfiguration;
use serde::{Deserialize, Serialize};

use super::configure::CertificateView;
use super::login::read;
use super::{Provider, SsoError, SsoFault};
use crate::service::{Error, ErrorKind, Millis, Service};

/// How often it is looked whose metadata are due.
const LOOK: Duration = Duration::from_secs(30);
/// Most that are asked for at one look.
const AT_ONCE: i64 = 20;
/// A response whose certificate is unknown has the metadata asked for at once, but not more often than this.
const SOONEST: Millis = 60 * 1000;
/// Most certificates that are kept.
const CERTIFICATES: usize = 20;

/// What is kept of a provider's metadata.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) idp: IdpMetadata,
    /// When a certificate was seen last, by its SHA-256.
    pub(super) seen: BTreeMap<String, Millis>,
}

impl Held {
    fn new(idp: IdpMetadata, now: Millis) -> Self {
        let seen = idp.certificates.iter().map(|one| (one.sha256.clone(), now)).collect();
        Self { idp, seen }
    }

    /// What the metadata say now, with what they said a while ago.
    fn followed_by(&self, mut idp: IdpMetadata, overlap: Millis, now: Millis) -> Self {
        let mut seen: BTreeMap<String, Millis> = idp.certificates.iter().map(|one| (one.sha256.clone(), now)).collect();
        for before in &self.idp.certificates {
            let at = self.seen.get(&before.sha256).copied().unwrap_or_default();
            let is_kept = at.saturating_add(overlap) > now && idp.certificates.len() < CERTIFICATES;
            if is_kept && !seen.contains_key(&before.sha256) {
                seen.insert(before.sha256.clone(), at);
                idp.certificates.push(before.clone());
            }
        }
        Self { idp, seen }
    }

    /// The metadata without certificates whose time after they left them is over.
    pub(super) fn at(&self, overlap: Millis, now: Millis) -> IdpMetadata {
        let newest = self.seen.values().copied().max().unwrap_or_default();
        let mut idp = self.idp.clone();
        idp.certificates.retain(|one| {
            let at = self.seen.get(&one.sha256).copied().unwrap_or_default();
            at == newest || at.saturating_add(overlap) > now
        });
        idp
    }
}

impl Service {
    /// What was kept of a configuration's metadata.
    pub(super) fn held(&self, stored: &SsoConfiguration) -> Result<Held, Error> {
        let text = stored.metadata.as_deref().ok_or_else(|| Error::internal("a SAML provider without metadata"))?;
        serde_json::from_str(text).map_err(Error::internal)
    }

    pub(super) fn certificates(&self, stored: &SsoConfiguration) -> Result<Vec<CertificateView>, Error> {
        if stored.metadata.is_none() {
            return Ok(Vec::new());
        }
        let held = self.held(stored)?;
        let newest = held.seen.values().copied().max().unwrap_or_default();
        let view = |one: &sentinel_idp::saml::PinnedCertificate| {
            let at = held.seen.get(&one.sha256).copied().filter(|at| *at != newest);
            CertificateView {
                sha256: one.sha256.clone(),
                not_after: one.not_after.saturating_mul(1000),
                until: at.map(|at| at.saturating_add(self.config().federation.metadata_overlap)),
            }
        };
        let now = self.now();
        let shown = held.idp.certificates.iter().map(view);
        Ok(shown.filter(|one| one.until.is_none_or(|until| until > now)).collect())
    }

    /// The metadata of a new configuration: the provider's name, and what is kept.
    pub(super) async fn first_metadata(
        &self,
        url: Option<&str>,
        xml: Option<&str>,
        entity_id: Option<&str>,
    ) -> Result<(String, String), SsoError> {
        let idp = match (url, xml) {
            (Some(url), _) => self.fetch_metadata(url, entity_id).await?,
            (None, Some(xml)) => self.parse_metadata(xml.as_bytes(), entity_id)?,
            (None, None) => return Err(SsoError::invalid("saml2 needs metadata_url or metadata_xml, one of them")),
        };
        let entity_id = idp.entity_id.clone();
        let held = serde_json::to_string(&Held::new(idp, self.now())).map_err(Error::internal)?;
        Ok((entity_id, held))
    }

    async fn fetch_metadata(&self, url: &str, entity_id: Option<&str>) -> Result<IdpMetadata, SsoError> {
        let fetcher = self.inner.federation.fetcher(&self.config().federation)?;
        let fetched = fetcher.get(url, "application/samlmetadata+xml, application/xml, text/xml").await;
        let fetched = fetched.map_err(|why| {
            let code = SsoFault::ProviderUnreachable.code();
            SsoError::refused(ErrorKind::Invalid, code, format!("The metadata cannot be had: {why}"))
        })?;
        self.parse_metadata(&fetched.body, entity_id)
    }

    fn parse_metadata(&self, xml: &[u8], entity_id: Option<&str>) -> Result<IdpMetadata, SsoError> {
        let options = MetadataOptions {
            expected_entity: entity_id,
            now: self.now().div_euclid(1000),
            trusted: &[],
            loopback_http: self.config().federation.fetch.loopback,
        };
        let parsed = IdpMetadata::parse(xml, &options);
        parsed.map_err(|fault| {
            SsoError::refused(ErrorKind::Invalid, fault.code(), format!("The metadata are refused: {fault}"))
        })
    }

    /// Asks for the metadata of a configuration again, where nobody has just now, and keeps what they say. None where they
    /// say nothing: what was kept stays.
    pub(super) async fn follow_metadata(&self, stored: &SsoConfiguration, soonest: Millis) -> Option<Held> {
        let now = self.now();
        if !stored.is_followed || now.saturating_sub(stored.asked_at) < soonest {
            return None;
        }
        let asked = self.ask_metadata(stored, now).await;
        asked.unwrap_or_else(|why| {
            tracing::warn!(?why, configuration = %stored.id, "a provider's metadata could not be had: what they said before stays");
            None
        })
    }

    async fn ask_metadata(&self, stored: &SsoConfiguration, now: Millis) -> Result<Option<Held>, SsoError> {
        let mut transaction = self.store().begin().await?;
        // Of all replicas one asks.
        if !transaction.ask_sso_metadata(stored.id, stored.asked_at, now).await? {
            return Ok(None);
        }
        transaction.commit().await?;
        let configuration = read(stored)?;
        let Provider::Saml2 { metadata_url: Some(url), entity_id } = &configuration.provider else { return Ok(None) };
        let idp = self.fetch_metadata(url, Some(entity_id)).await?;
        let held = self.held(stored)?.followed_by(idp, self.config().federation.metadata_overlap, now);
        let text = serde_json::to_string(&held).map_err(Error::internal)?;
        let mut transaction = self.store().begin().await?;
        transaction.set_sso_metadata(stored.id, &text).await?;
        transaction.commit().await?;
        Ok(Some(held))
    }

    /// Asks at once, because a response has come that the metadata of before do not know.
    pub(super) async fn follow_now(&self, stored: &SsoConfiguration) -> Option<Held> {
        self.follow_metadata(stored, SOONEST).await
    }

    /// Follows the metadata of every tenant's provider, for as long as it runs.
    pub async fn follow_federation(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(why) = self.follow_due_metadata().await {
                tracing::warn!(cause = %why, "providers' metadata cannot be followed");
            }
        }
    }

    /// Asks for the metadata that are due, some at a time.
    ///
    /// # Errors
    /// As storage.
    pub async fn follow_due_metadata(&self) -> Result<(), Error> {
        let before = self.now().saturating_sub(self.config().federation.metadata_every);
        // No connection of the pool is held while providers are waited for.
        let due = self.store().read().await?.followed_sso_configurations(before, AT_ONCE).await?;
        for stored in due {
            self.follow_metadata(&stored, 0).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sentinel_idp::saml::PinnedCertificate;

    use super::*;

    fn idp(certificates: &[&str]) -> IdpMetadata {
        let pinned = |name: &&str| PinnedCertificate {
            der: String::new(),
            sha256: (*name).to_owned(),
            not_before: 0,
            not_after: 0,
        };
        IdpMetadata {
            entity_id: "idp".into(),
            sso_redirect: None,
            sso_post: None,
            certificates: certificates.iter().map(pinned).collect(),
            wants_signed_requests: false,
            valid_until: None,
            signed: false,
        }
    }

    fn names(idp: &IdpMetadata) -> Vec<&str> {
        idp.certificates.iter().map(|one| one.sha256.as_str()).collect()
    }

    #[test]
    fn a_certificate_that_left_is_taken_for_a_while() {
        let first = Held::new(idp(&["a"]), 0);
        let both = first.followed_by(idp(&["a", "b"]), 100, 50);
        assert_eq!(names(&both.at(100, 50)), ["a", "b"]);
        let second = both.followed_by(idp(&["b"]), 100, 60);
        assert_eq!(names(&second.at(100, 149)), ["b", "a"]);
        assert_eq!(names(&second.at(100, 150)), ["b"], "its time is over, also where nobody has asked since");
        assert_eq!(names(&second.followed_by(idp(&["b"]), 100, 200).idp), ["b"]);
        // What was never replaced stays, however long nobody answers.
        assert_eq!(names(&first.at(100, 1_000_000)), ["a"]);
    }

    #[test]
    fn metadata_do_not_grow_without_end() {
        let mut held = Held::new(idp(&["0"]), 0);
        for round in 1..100 {
            held = held.followed_by(idp(&[&round.to_string()]), 1_000_000, round);
        }
        assert_eq!(held.idp.certificates.len(), CERTIFICATES);
    }
}
