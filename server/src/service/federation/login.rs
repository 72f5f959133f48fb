//! A login by a tenant's own provider: there and back, in one browser, once.

use sentinel_idp::LoginSecrets;
use sentinel_keys::{Purpose, secrets};
use sentinel_storage::{
    JourneyPurpose, JourneyTaken, SessionDialect, SsoConfiguration, SsoJourney, SsoStage, StorageError,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::configuration::{domain, domain_of};
use super::enter::{Kept, Vouched, issuer_of};
use super::own_page::own_page;
use super::{Configuration, Provider, SsoError, SsoFault, Urls};
use crate::service::dialects::workspace_of;
use crate::service::journey::{FrontEnd, ProviderAnswer, is_secret};
use crate::service::login::{LoginRequest, way_back};
use crate::service::sessions::{Beginning, TokenAnswer};
use crate::service::{Caller, Error, ErrorKind, Millis, Service};

/// Logins on their way; the row is the hash of what they come back with.
pub(super) const JOURNEY: Purpose = Purpose::new("sso-journey");
/// Two first logins at the same moment: one of them makes the account, the other one then finds it.
const TRIES: usize = 3;
/// How long a link to try a configuration with is good.
pub(super) const TRYING: Millis = 60 * 60 * 1000;

/// Whose provider.
#[derive(Clone, Copy, Debug)]
pub enum SsoTarget<'a> {
    /// This tenant's: `ten_…`
    Tenant(&'a str),
    /// The one of the tenant that has proven the domain of this address.
    Email(&'a str),
    /// The one of the tenant that has proven this domain.
    Domain(&'a str),
    /// The one that this link was made to try.
    Try(&'a str),
}

/// What a browser asks for.
#[derive(Debug)]
pub struct SsoAsk<'a> {
    /// Whose provider.
    pub target: SsoTarget<'a>,
    /// The front end that gets a code; none: a page of this server's own origin, by a cookie.
    pub front_end: Option<LoginRequest>,
    /// The path on this server's own origin where the browser goes then.
    pub return_to: Option<&'a str>,
    /// Who will probably log in, for the provider.
    pub hint: Option<&'a str>,
}

/// How a browser goes to the provider.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Where to.
    pub url: String,
    /// What it posts there; none: it is sent there.
    pub form: Option<Vec<(&'static str, String)>>,
    /// What it must bring back in its cookie.
    pub browser: String,
}

/// Where a browser goes that has come back.
#[derive(Debug)]
pub enum Arrived {
    /// To the front end, with a code or with an error.
    FrontEnd(String),
    /// To a page of this server's own, with a session.
    Own {
        /// The session's.
        tokens: TokenAnswer,
        /// Where.
        url: String,
    },
    /// Nowhere: a configuration was tried.
    Report(Report),
}

/// What trying a configuration has shown, for who tried it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Why nobody would come in; none: somebody would.
    pub fault: Option<SsoFault>,
    /// The provider's name for the person.
    pub subject: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The role.
    pub role: Option<crate::service::dialects::TenantRole>,
    /// The values of the role attribute.
    pub roles: Vec<String>,
    /// The names of all attributes that came.
    pub attributes: Vec<String>,
}

/// What is kept of a login on its way.
#[derive(Serialize, Deserialize)]
pub(super) struct Journey {
    pub(super) configuration_id: Uuid,
    pub(super) browser_hash: [u8; 32],
    pub(super) ending: Ending,
    pub(super) way: Way,
}

/// How the answer is known.
#[derive(Serialize, Deserialize)]
pub(super) enum Way {
    Oidc(LoginSecrets),
    Saml { request_id: String },
}

/// What a login is for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Ending {
    FrontEnd(FrontEnd),
    Own { return_to: String },
    Report,
}

impl Service {
    /// Sends a browser to a tenant's provider. `browser` is the secret that it has from another login on its way.
    ///
    /// # Errors
    /// `sso_not_configured` where there is none, also for tenants and domains that do not exist.
    pub async fn begin_sso(&self, ask: SsoAsk<'_>, browser: Option<&str>) -> Result<Leaving, SsoError> {
        let (workspace_id, stored, ending) = match ask.target {
            SsoTarget::Try(link) => {
                let (workspace_id, stored) = self.tried(link).await?;
                (workspace_id, stored, Ending::Report)
            }
            other => {
                let (workspace_id, stored) = self.enabled_sso(other).await?;
                (workspace_id, stored, self.ending(workspace_id, ask.front_end, ask.return_to).await?)
            }
        };
        let hint = match ask.target {
            SsoTarget::Email(email) => Some(email),
            _ => ask.hint,
        };
        let configuration = read(&stored)?;
        let browser = match browser.filter(|known| is_secret(known)) {
            Some(known) => known.to_owned(),
            None => secrets::random_token()?,
        };
        let browser_hash = secrets::hash(browser.as_bytes());
        let leaving = |url, form| Leaving { url, form, browser: browser.clone() };
        let (state, way, leaving) = match &configuration.provider {
            Provider::Oidc { .. } => {
                let urls = Urls::new(&self.config().base_url, workspace_id);
                let provider = self.tenant_provider(&stored, &configuration)?;
                let login = provider.start(&urls.oidc_callback, hint.filter(|hint| hint.len() <= 254)).await;
                let login = login.map_err(|error| self.not_reached(&error))?;
                (login.secrets.state.clone(), Way::Oidc(login.secrets), leaving(login.url, None))
            }
            #[cfg(feature = "saml")]
            Provider::Saml2 { .. } => self.begin_saml(workspace_id, &stored, leaving).await?,
            #[cfg(not(feature = "saml"))]
            Provider::Saml2 { .. } => return Err(not_configured()),
        };
        let journey = Journey { configuration_id: stored.id, browser_hash, ending, way };
        let expires_at = self.now().saturating_add(self.config().lifetimes.login);
        self.keep_journey(workspace_id, JourneyPurpose::Leave, &state, &journey, expires_at).await?;
        Ok(leaving)
    }

    /// The tenant whose provider is meant, and what people log in by there.
    async fn enabled_sso(&self, target: SsoTarget<'_>) -> Result<(Uuid, SsoConfiguration), SsoError> {
        let workspace_id = match target {
            SsoTarget::Tenant(tenant) => workspace_of(tenant),
            SsoTarget::Email(email) => self.tenant_by_domain(domain_of(email.trim())).await?,
            SsoTarget::Domain(name) => self.tenant_by_domain(domain(name.trim())).await?,
            SsoTarget::Try(_) => None,
        };
        let workspace_id = workspace_id.ok_or_else(not_configured)?;
        let found = self.store().read().await?.sso_configuration_of(workspace_id, SsoStage::Enabled).await?;
        Ok((workspace_id, found.ok_or_else(not_configured)?))
    }

    async fn tenant_by_domain(&self, domain: Option<String>) -> Result<Option<Uuid>, Error> {
        match domain {
            Some(domain) => self.tenant_of_domain(&domain).await,
            None => Ok(None),
        }
    }

    /// The configuration that a link was made to try: good once.
    async fn tried(&self, link: &str) -> Result<(Uuid, SsoConfiguration), SsoError> {
        let hash = secrets::hash(link.as_bytes());
        let mut transaction = self.store().begin().await?;
        let taken = transaction.take_sso_journey(&hash, JourneyPurpose::Try, self.now()).await?;
        transaction.commit().await?;
        let taken = match taken {
            JourneyTaken::Taken(taken) => taken,
            JourneyTaken::Used | JourneyTaken::Unknown => return Err(SsoFault::LoginUnknown.into()),
        };
        let id = self.inner.master.open(JOURNEY, &hash, &taken.sealed)?;
        let id = Uuid::from_slice(&id).map_err(Error::internal)?;
        let found = self.store().read().await?.sso_configuration(id).await?;
        let found = found.filter(|found| found.connection_id == taken.connection_id);
        Ok((taken.connection_id, found.ok_or(SsoFault::ConfigurationGone)?))
    }

    async fn ending(
        &self,
        workspace_id: Uuid,
        front_end: Option<LoginRequest>,
        return_to: Option<&str>,
    ) -> Result<Ending, SsoError> {
        let Some(request) = front_end else {
            let url = own_page(&self.config().base_url, return_to.unwrap_or("/"));
            let refused = "return_to is a path on this server's own origin";
            return Ok(Ending::Own { return_to: url.ok_or_else(|| Error::invalid(refused))? });
        };
        let (client, front_end) = self.front_end(request).await?;
        if !client.is_active {
            return Err(Error::forbidden("The front end is deactivated").into());
        }
        if !client.allows(workspace_id) {
            return Err(Error::forbidden("The front end may not be used for this workspace").into());
        }
        Ok(Ending::FrontEnd(front_end))
    }

    pub(super) async fn keep_journey(
        &self,
        connection_id: Uuid,
        purpose: JourneyPurpose,
        state: &str,
        journey: &impl Serialize,
        expires_at: Millis,
    ) -> Result<(), Error> {
        let hash = secrets::hash(state.as_bytes());
        let plain = serde_json::to_vec(journey).map_err(Error::internal)?;
        let sealed = self.inner.master.seal(JOURNEY, &hash, &plain)?;
        let mut transaction = self.store().begin().await?;
        let new = SsoJourney { connection_id, purpose, sealed, expires_at };
        transaction.insert_sso_journey(&hash, &new).await.map_err(|error| match error {
            StorageError::Reference => Error::not_found("The configuration is gone"),
            other => other.into(),
        })?;
        Ok(transaction.commit().await?)
    }

    /// Uses a login of this tenant's that waits under this name.
    pub(super) async fn take_journey<T: serde::de::DeserializeOwned>(
        &self,
        workspace_id: Uuid,
        purpose: JourneyPurpose,
        state: &str,
    ) -> Result<T, SsoError> {
        let hash = secrets::hash(state.as_bytes());
        let mut transaction = self.store().begin().await?;
        let taken = transaction.take_sso_journey(&hash, purpose, self.now()).await?;
        transaction.commit().await?;
        let taken = match taken {
            // Another tenant's provider answers: what was begun with an honest one goes nowhere (RFC 9700 §4.4).
            JourneyTaken::Taken(taken) if taken.connection_id == workspace_id => taken,
            JourneyTaken::Used => return Err(SsoFault::Replayed.into()),
            JourneyTaken::Taken(_) | JourneyTaken::Unknown => return Err(SsoFault::LoginUnknown.into()),
        };
        let plain = self.inner.master.open(JOURNEY, &hash, &taken.sealed)?;
        Ok(serde_json::from_slice(&plain).map_err(Error::internal)?)
    }

    /// An OpenID provider's answer at a tenant's own redirect URI.
    ///
    /// # Errors
    /// [`SsoError::Fault`], where no front end is told of it.
    pub async fn finish_sso_oidc(
        &self,
        tenant: &str,
        answer: &ProviderAnswer,
        browser: Option<&str>,
        caller: &Caller,
    ) -> Result<Arrived, SsoError> {
        let workspace_id = workspace_of(tenant).ok_or_else(not_configured)?;
        let state = answer.state.as_deref().ok_or(SsoFault::LoginUnknown)?;
        let journey: Result<Journey, _> = self.take_journey(workspace_id, JourneyPurpose::Leave, state).await;
        let journey = self.noted(workspace_id, journey).await?;
        same_browser(&journey, browser)?;
        let Way::Oidc(secrets) = &journey.way else { return Err(SsoFault::LoginUnknown.into()) };
        let verdict = match self.configuration_of(&journey).await? {
            Some((stored, configuration)) => self.redeem_oidc(&stored, &configuration, secrets, answer).await,
            None => Err(SsoFault::ConfigurationGone),
        };
        self.conclude_sso(workspace_id, &journey, verdict, caller).await
    }

    /// The configuration that a login was begun with, where it still is what it was.
    pub(super) async fn configuration_of(
        &self,
        journey: &Journey,
    ) -> Result<Option<(SsoConfiguration, Configuration)>, Error> {
        let found = self.store().read().await?.sso_configuration(journey.configuration_id).await?;
        let found = found.filter(|found| found.state == SsoStage::Enabled || matches!(journey.ending, Ending::Report));
        found.map(|stored| Ok((read(&stored)?, stored))).transpose().map(|both| both.map(|(one, two)| (two, one)))
    }

    /// What comes of a login whose answer was judged.
    pub(super) async fn conclude_sso(
        &self,
        workspace_id: Uuid,
        journey: &Journey,
        verdict: Result<Vouched, SsoFault>,
        caller: &Caller,
    ) -> Result<Arrived, SsoError> {
        if let Ending::Report = journey.ending {
            return Ok(Arrived::Report(self.report(workspace_id, journey, verdict).await?));
        }
        let came = match verdict {
            Ok(vouched) => self.let_in(workspace_id, journey, &vouched, caller).await,
            Err(fault) => Err(fault.into()),
        };
        let came = self.noted(workspace_id, came).await;
        match (&journey.ending, came) {
            (_, Ok(arrived)) => Ok(arrived),
            (Ending::FrontEnd(front_end), Err(error)) => {
                let (word, code) = match &error {
                    SsoError::Fault(SsoFault::ProviderUnreachable) => {
                        ("temporarily_unavailable", "provider_unreachable")
                    }
                    SsoError::Fault(fault) => ("access_denied", fault.code()),
                    SsoError::Failed(failed) if failed.kind() == ErrorKind::Forbidden => ("access_denied", "forbidden"),
                    SsoError::Refused { code, .. } => ("access_denied", *code),
                    SsoError::Failed(_) => return Err(error),
                };
                Ok(Arrived::FrontEnd(way_back(front_end, &[("error", word), ("error_description", code)])))
            }
            (_, Err(error)) => Err(error),
        }
    }

    /// Counts a fault for the tenant's administrators.
    pub(super) async fn noted<T>(&self, workspace_id: Uuid, came: Result<T, SsoError>) -> Result<T, SsoError> {
        if let Err(SsoError::Fault(fault)) = &came {
            self.note_sso_failure(workspace_id, *fault).await;
        }
        came
    }

    async fn let_in(
        &self,
        workspace_id: Uuid,
        journey: &Journey,
        vouched: &Vouched,
        caller: &Caller,
    ) -> Result<Arrived, SsoError> {
        let mut tries = 1;
        loop {
            match self.let_in_once(workspace_id, journey, vouched, caller).await {
                Ok(arrived) => return Ok(arrived),
                Err(Kept::Storage(StorageError::Conflict)) if tries < TRIES => tries += 1,
                Err(Kept::Storage(error)) => return Err(error.into()),
                Err(Kept::Fault(fault)) => return Err(fault.into()),
                Err(Kept::Failed(error)) => return Err(error.into()),
            }
        }
    }

    async fn let_in_once(
        &self,
        workspace_id: Uuid,
        journey: &Journey,
        vouched: &Vouched,
        caller: &Caller,
    ) -> Result<Arrived, Kept> {
        let mut transaction = self.store().begin().await?;
        // Whoever disables or removes it meanwhile waits for this login and finds its session, or this login finds out.
        transaction.hold_sso_connection(workspace_id).await?;
        let stored = transaction.sso_configuration(journey.configuration_id).await?;
        let stored = stored.filter(|stored| stored.state == SsoStage::Enabled && stored.connection_id == workspace_id);
        let configuration = read(&stored.ok_or(SsoFault::ConfigurationGone)?)?;
        let account = self.enter(&mut transaction, workspace_id, &configuration, vouched, caller).await?;
        let subject = subject_hash(workspace_id, &configuration, &vouched.subject);
        let provider_session = vouched.session.as_deref().map(session_hash);
        match &journey.ending {
            Ending::FrontEnd(front_end) => {
                let of = super::code::Of { workspace_id, user_id: account.id, subject: &subject, provider_session };
                let code = self.sso_code(&mut transaction, front_end, of).await?;
                transaction.commit().await?;
                Ok(Arrived::FrontEnd(way_back(front_end, &[("code", &code)])))
            }
            Ending::Own { return_to } => {
                let beginning = Beginning {
                    id: Uuid::new_v4(),
                    user_id: account.id,
                    workspace_id,
                    client_id: None,
                    sso_id: None,
                    dialect: SessionDialect::Tenant,
                };
                let begun = self.begin_session(&mut transaction, beginning, caller).await?;
                let session = provider_session.as_ref().map(<[u8; 32]>::as_slice);
                transaction.bind_session_to_sso(beginning.id, workspace_id, &subject, session).await?;
                transaction.commit().await?;
                let tokens = self.first_tokens(&begun).await?;
                Ok(Arrived::Own { tokens, url: return_to.clone() })
            }
            Ending::Report => Err(Error::internal("a login that is tried lets nobody in").into()),
        }
    }

    /// What would come of a login, and that exactly this configuration was tried where somebody would come in.
    async fn report(
        &self,
        workspace_id: Uuid,
        journey: &Journey,
        verdict: Result<Vouched, SsoFault>,
    ) -> Result<Report, SsoError> {
        let failed = |fault| Report { fault: Some(fault), ..Report::default() };
        let vouched = match verdict {
            Ok(vouched) => vouched,
            Err(fault) => return Ok(failed(fault)),
        };
        let mut transaction = self.store().begin().await?;
        let Some(stored) = transaction.sso_configuration(journey.configuration_id).await? else {
            return Ok(failed(SsoFault::ConfigurationGone));
        };
        let weighed = self.weigh(&mut transaction, workspace_id, &read(&stored)?, &vouched).await;
        let (fault, role) = match weighed {
            Ok(welcome) => (None, Some(welcome.role.into())),
            Err(Kept::Fault(fault)) => (Some(fault), None),
            Err(Kept::Storage(error)) => return Err(error.into()),
            Err(Kept::Failed(error)) => return Err(error.into()),
        };
        if fault.is_none() && !transaction.note_sso_test(stored.id, self.now()).await? {
            return Ok(failed(SsoFault::ConfigurationGone));
        }
        transaction.commit().await?;
        let Vouched { subject, email, roles, attributes, .. } = vouched;
        Ok(Report { fault, subject: Some(subject), email, role, roles, attributes })
    }

    /// A provider that a login cannot begin with.
    fn not_reached(&self, error: &sentinel_idp::IdpError) -> SsoError {
        tracing::warn!(%error, "a login by a tenant's provider cannot begin");
        SsoFault::from(error).into()
    }
}

/// What a stored configuration says.
pub(super) fn read(stored: &SsoConfiguration) -> Result<Configuration, Error> {
    serde_json::from_str(&stored.config).map_err(Error::internal)
}

/// Whom a session is of, for the provider that ends it.
pub(super) fn subject_hash(workspace_id: Uuid, configuration: &Configuration, subject: &str) -> [u8; 32] {
    let issuer = issuer_of(workspace_id, configuration);
    secrets::hash(format!("{}:{issuer}{subject}", issuer.len()).as_bytes())
}

/// Which login there.
pub(super) fn session_hash(session: &str) -> [u8; 32] {
    secrets::hash(session.as_bytes())
}

/// That the browser which comes back is the one that was sent.
pub(super) fn same_browser(journey: &Journey, browser: Option<&str>) -> Result<(), SsoFault> {
    let is_same = browser.is_some_and(|it| secrets::equal(&secrets::hash(it.as_bytes()), &journey.browser_hash));
    if is_same { Ok(()) } else { Err(SsoFault::OtherBrowser) }
}

pub(super) fn not_configured() -> SsoError {
    SsoError::refused(ErrorKind::NotFound, "sso_not_configured", "No single sign-on is enabled there")
}
