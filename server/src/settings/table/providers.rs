//! Identity providers, and what may be asked outside.

use super::{Kind, Setting, secret, setting};

const IDP: &str = "settings/providers.rs";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "ALLOW_LOOPBACK_PROVIDERS",
        Kind::Switch,
        "false",
        IDP,
        "Whether providers may be reached on this machine, there by plain http, too: for development and tests.",
    ),
    setting(
        "ALLOW_PRIVATE_PROVIDERS",
        Kind::Switch,
        "false",
        IDP,
        "Whether providers may be reached in private networks.",
    ),
    setting(
        "ALLOW_LOOPBACK_WEBHOOKS",
        Kind::Switch,
        "false",
        "service/webhooks",
        "Whether webhooks may be sent to loopback, there also by plain http: for development. Private networks are never told.",
    ),
    setting(
        "PROVIDERS",
        Kind::List,
        "",
        IDP,
        "Names of further OpenID Connect providers (`a-z`, `0-9`, `_`); `oidc` is known without being named. Google, GitHub and Entra ID are known, too.",
    ),
    setting(
        "<PROVIDER>_CLIENT_ID",
        Kind::Text,
        "",
        IDP,
        "The client that is registered there: it turns the provider on. `<PROVIDER>` is GOOGLE, GITHUB, ENTRA, OIDC or a name from `PROVIDERS`.",
    ),
    secret("<PROVIDER>_CLIENT_SECRET", IDP, "Its secret."),
    setting(
        "<PROVIDER>_ISSUER",
        Kind::Url,
        "",
        IDP,
        "The issuer, where its metadata are discovered. Needed for OpenID Connect providers; points the others elsewhere.",
    ),
    setting(
        "<PROVIDER>_EXTRA_AUDIENCES",
        Kind::List,
        "",
        IDP,
        "Further client ids whose ID tokens are accepted: those of front ends of the same deployment.",
    ),
    setting(
        "<PROVIDER>_SCOPES",
        Kind::List,
        "",
        IDP,
        "What is asked for in place of the usual `openid email profile`.",
    ),
    setting(
        "<PROVIDER>_TRUST_EMAIL",
        Kind::Switch,
        "",
        IDP,
        "Whether an address that the provider calls verified may link accounts and make administrators. Without it: Google and GitHub yes, others no.",
    ),
    setting(
        "ENTRA_TENANT_ID",
        Kind::Text,
        "",
        IDP,
        "The directory; `common` and `organizations` need `ENTRA_TENANTS`.",
    ),
    setting(
        "ENTRA_TENANTS",
        Kind::List,
        "",
        IDP,
        "The directories (UUIDs) that may log in through a shared `ENTRA_TENANT_ID`.",
    ),
    setting("GITHUB_API_URL", Kind::Url, "", IDP, "GitHub's API, for GitHub Enterprise."),
];
