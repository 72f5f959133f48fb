//! The one table of settings: the file, the environment, the reference and the error messages all come from it.

/// What a setting's text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number, from and to.
    Number(u64, u64),
    /// Texts: an array in the file, separated by commas elsewhere.
    List,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An `https` or `http` URL.
    Url,
    /// A file or folder.
    Path,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the environment; in the file in lower case. `<PROVIDER>` stands for each provider's name.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// What holds without it, as one would write it; empty where nothing does.
    pub default: &'static str,
    /// Never shown, and may stand in a file of its own, named by `<NAME>_FILE`.
    pub secret: bool,
    /// What it does.
    pub doc: &'static str,
    /// The file that reads it.
    pub read: &'static str,
}

/// The word in a name that stands for a provider.
pub const PROVIDER: &str = "<PROVIDER>";

const fn setting(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    read: &'static str,
    doc: &'static str,
) -> Setting {
    Setting { name, kind, default, secret: false, doc, read }
}

const fn secret(name: &'static str, read: &'static str, doc: &'static str) -> Setting {
    Setting { name, kind: Kind::Text, default: "", secret: true, doc, read }
}

const PORT: Kind = Kind::Number(0, 65_535);
const SERVE: &str = "commands/serve.rs";
const OPEN: &str = "commands/open.rs";
const TOKENS: &str = "service/tokens.rs";
const HTTP: &str = "http/layers";
const IDP: &str = "settings/providers.rs";
const PASSWORDS: &str = "service/passwords";
const TRACES: &str = "settings/traces.rs";

/// Every setting, in the order of the reference.
pub const TABLE: &[Setting] = &[
    setting(
        "BASE_URL",
        Kind::Url,
        "",
        SERVE,
        "The public URL of this server, the issuer (`iss`) of its tokens, and where providers send people back to. Without it `http://localhost:` and the port.",
    ),
    setting("SERVICE_HOST", Kind::Text, "0.0.0.0", SERVE, "The address to listen on."),
    setting("SERVICE_PORT", PORT, "9003", SERVE, "The port to listen on; 0 takes a free one, which the log names."),
    setting(
        "MANAGEMENT_HOST",
        Kind::Text,
        "127.0.0.1",
        SERVE,
        "The address of the management listener (`/livez`, `/readyz`, `/metrics`): it asks for no credentials.",
    ),
    setting(
        "MANAGEMENT_PORT",
        PORT,
        "9004",
        SERVE,
        "The port of the management listener; 0 takes a free one. Where it was not set and 9004 is taken, a free one, too.",
    ),
    setting(
        "DATA_DIR",
        Kind::Path,
        "data",
        OPEN,
        "The folder of the SQLite database and of the master key that is made where none is named.",
    ),
    secret("DATABASE_URL", OPEN, "`postgres://user:password@host/database`; without it SQLite in `DATA_DIR`."),
    setting(
        "DATABASE_CONNECTIONS",
        Kind::Number(1, 1000),
        "10",
        OPEN,
        "Most connections of this process to PostgreSQL.",
    ),
    setting(
        "MASTER_KEY_FILE",
        Kind::Path,
        "",
        OPEN,
        "The file with the key that seals secrets in the database: 256 bits in hex or base64url, mode 0600, kept elsewhere than the data. Without it one is made in `DATA_DIR`, with a warning.",
    ),
    setting(
        "ADMIN_EMAILS",
        Kind::List,
        "",
        "service/login.rs",
        "Addresses that become administrators when they log in, where the provider proves the address.",
    ),
    setting(
        "ADMIN_HOME",
        Kind::Text,
        "",
        "service/login.rs",
        "Where the browser goes after an admin login: on this server's own site, for the cookie goes nowhere else. Without it `/auth/admin/me`.",
    ),
    setting(
        "OWNER_PIN_FILE",
        Kind::Path,
        "",
        "service/local/bootstrap.rs",
        "A file with a PIN, for deployments without an identity provider: the very first start makes the owner of it, who administers the deployment. Every later start ignores the file. Until it is changed the PIN is good on this machine alone.",
    ),
    setting(
        "OWNER_USERNAME",
        Kind::Text,
        "owner",
        "service/local/bootstrap.rs",
        "What the owner that the PIN file makes is called.",
    ),
    setting(
        "LOCAL_WORKSPACE",
        Kind::Text,
        "home",
        "service/local/bootstrap.rs",
        "The slug of the workspace that is made for them, whose administrators make local accounts.",
    ),
    setting(
        "LOCAL_TOKEN_EXPIRE_MINUTES",
        Kind::Number(5, 1440),
        "60",
        "service/sliding.rs",
        "Life of a token of a local account, and so of a session that is not used. Use brings a fresh one.",
    ),
    setting(
        "LOCAL_SESSION_EXPIRE_DAYS",
        Kind::Number(1, 3650),
        "30",
        "service/sliding.rs",
        "How long a session of a local account lasts at most, however much it is used.",
    ),
    setting(
        "NEWCOMERS",
        Kind::Choice(&["personal-workspace", "default-workspace", "nowhere"]),
        "personal-workspace",
        "service/provision.rs",
        "Where someone belongs who logs in for the first time and is a member of nothing.",
    ),
    setting(
        "DEFAULT_WORKSPACE",
        Kind::Text,
        "default",
        "service/provision.rs",
        "The slug of the workspace of newcomers, which is made where it is missing. Which workspace has it is found out once, when the setting is first seen; after that its id counts.",
    ),
    setting(
        "DEFAULT_WORKSPACE_ROLE",
        Kind::Choice(&["viewer", "editor", "admin"]),
        "viewer",
        "service/provision.rs",
        "What newcomers are there. A directory says it instead.",
    ),
    setting(
        "DIRECTORY_FILE",
        Kind::Path,
        "",
        "service/converge/directory.rs",
        "A JSON file of people who are known before they come: their usernames, and their roles in the default workspace. With it newcomers belong there: `NEWCOMERS=default-workspace`.",
    ),
    setting("ACCESS_TOKEN_EXPIRE_MINUTES", Kind::Number(1, 1440), "15", TOKENS, "Life of an access token."),
    setting(
        "TENANT_ACCESS_TOKEN_EXPIRE_MINUTES",
        Kind::Number(1, 1440),
        "60",
        "service/dialects.rs",
        "Life of an access token of the tenant API.",
    ),
    setting(
        "AUTHZ_TOKEN_EXPIRE_MINUTES",
        Kind::Number(1, 60),
        "5",
        TOKENS,
        "Life of an authorization token (authz mode).",
    ),
    setting(
        "M2M_TOKEN_EXPIRE_MINUTES",
        Kind::Number(1, 60),
        "5",
        TOKENS,
        "Life of a token between services of a realm.",
    ),
    setting("ADMIN_TOKEN_EXPIRE_MINUTES", Kind::Number(1, 1440), "60", TOKENS, "Life of the admin pages' cookie."),
    setting(
        "REFRESH_TOKEN_EXPIRE_DAYS",
        Kind::Number(1, 365),
        "30",
        TOKENS,
        "How long a session lives without being used.",
    ),
    setting("SESSION_EXPIRE_DAYS", Kind::Number(1, 3650), "90", TOKENS, "How long a session lives at most."),
    setting(
        "SSO_EXPIRE_HOURS",
        Kind::Number(0, 8760),
        "0",
        "service/sso.rs",
        "How long a login counts for other front ends, which then log in without asking (`prompt=none`). 0: not at all.",
    ),
    setting(
        "INVITATION_EXPIRE_DAYS",
        Kind::Number(1, 365),
        "14",
        "service/invitations.rs",
        "How long an invitation waits for someone who has no account yet.",
    ),
    setting(
        "PASSWORD_LINK_EXPIRE_HOURS",
        Kind::Number(1, 168),
        "24",
        PASSWORDS,
        "How long a link to set a password with is good.",
    ),
    setting(
        "PASSWORD_HASHES_AT_ONCE",
        Kind::Number(1, 64),
        "2",
        PASSWORDS,
        "Most passwords that are hashed at the same moment: each takes `PASSWORD_MEMORY_KIB` and a core for about a tenth of a second.",
    ),
    setting(
        "PASSWORD_HASHES_WAITING",
        Kind::Number(0, 1000),
        "16",
        PASSWORDS,
        "Most requests that wait for one of these; further ones are answered 503 with `Retry-After`. One network has at most half of both.",
    ),
    setting(
        "PASSWORD_MEMORY_KIB",
        Kind::Number(19_456, 1_048_576),
        "65536",
        PASSWORDS,
        "Memory of one Argon2id hash. A password is hashed anew with its owner's next login when this or one of the next two has changed.",
    ),
    setting("PASSWORD_ITERATIONS", Kind::Number(1, 64), "3", PASSWORDS, "Passes of one Argon2id hash over its memory."),
    setting("PASSWORD_LANES", Kind::Number(1, 64), "4", PASSWORDS, "Lanes of one Argon2id hash."),
    setting(
        "REFRESH_GRACE_SECONDS",
        Kind::Number(0, 10),
        "10",
        TOKENS,
        "How long a refresh token that was used may come again and gets the same answer: for answers that were lost. 0: never.",
    ),
    setting(
        "SIGNING_ALGORITHM",
        Kind::Choice(&["RS256", "ES256", "EdDSA"]),
        "RS256",
        OPEN,
        "What tokens are signed with. The published SDKs accept RS256.",
    ),
    setting(
        "POLICY_STORES",
        Kind::Number(0, 1_000_000_000),
        "10000",
        "service/policy",
        "Most policy stores that belong to no workspace: beyond it no service key makes another one. A deleted store counts until it has been emptied.",
    ),
    setting(
        "POLICY_MODELS_MIB_PER_STORE",
        Kind::Number(1, 1_000_000),
        "64",
        "service/policy",
        "Most that the authorization models of a policy store take together. Models are kept for ever: questions may name any of them.",
    ),
    setting(
        "POLICY_TUPLES_PER_STORE",
        Kind::Number(1, 1_000_000_000),
        "50000000",
        "service/policy",
        "Most tuples of a policy store.",
    ),
    setting(
        "POLICY_TUPLES_IN_MEMORY",
        Kind::Number(0, 1_000_000_000),
        "5000000",
        "service/policy",
        "Most tuples of a policy store that is kept in memory: a larger one is asked by SQL.",
    ),
    setting(
        "POLICY_MEMORY_MIB",
        Kind::Number(16, 1_000_000),
        "1024",
        "service/policy",
        "About how much the policy stores in memory take together. Beyond it those that were not asked for longest are let go; one that alone takes more is asked by SQL.",
    ),
    setting(
        "POLICY_LIST_RESULTS",
        Kind::Number(1, 100_000),
        "1000",
        "service/policy",
        "Most entries that list-objects and list-users answer. Streams and searches have no such limit.",
    ),
    setting(
        "POLICY_LIST_SECONDS",
        Kind::Number(1, 600),
        "3",
        "service/policy",
        "How long list-objects, list-users and streamed-list-objects look for entries at most. Then they answer what was found so far.",
    ),
    setting(
        "POLICY_CHANGES_DAYS",
        Kind::Number(1, 3650),
        "30",
        "service/policy",
        "How far back the log of a policy store's changes goes.",
    ),
    setting(
        "POLICY_LOG_DECISIONS",
        Kind::Switch,
        "false",
        "service/policy",
        "Whether every decision is written to the log: who asked, what, the answer, the model and the state it is true of.",
    ),
    setting(
        "POLICY_LOG_REASONS",
        Kind::Switch,
        "false",
        "service/policy",
        "Whether the log of decisions says why, too: the tuples and rewrites that lead to an allow, or what was tried. Each decision is then evaluated twice.",
    ),
    setting(
        "POLICY_LOG_CONTEXT",
        Kind::Switch,
        "false",
        "service/policy",
        "Whether the log of decisions has the values of the context, too. They may be personal.",
    ),
    setting(
        "BUNDLE_LIFETIME",
        Kind::Number(10, 86_400),
        "300",
        "service/bundles",
        "How many seconds a bundle of policy is good: for so long at most whoever decides by it decides without this server.",
    ),
    setting(
        "BUNDLE_MEMORY_MIB",
        Kind::Number(1, 100_000),
        "64",
        "service/bundles",
        "About how much the bundles that were published lately take in memory. What is no longer there is made again.",
    ),
    setting(
        "RATE_LIMIT_RPM",
        Kind::Number(0, 1_000_000),
        "600",
        HTTP,
        "Requests a minute for one client address. 0 turns every limit off, those of single endpoints and accounts, too: for benchmarks.",
    ),
    setting(
        "BEHIND_PROXY",
        Kind::Switch,
        "false",
        HTTP,
        "Whether the client's address stands in `X-Forwarded-For`, where the connection comes from one of `TRUSTED_PROXIES`.",
    ),
    setting(
        "TRUSTED_PROXIES",
        Kind::List,
        "",
        HTTP,
        "Networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed; naming one turns `BEHIND_PROXY` on. Without it loopback and private networks.",
    ),
    setting(
        "TRUSTED_PROXY_COUNT",
        Kind::Number(1, 16),
        "1",
        HTTP,
        "How many proxies append to `X-Forwarded-For`: the client is that many from the right.",
    ),
    setting(
        "ALLOWED_HOSTS",
        Kind::List,
        "",
        HTTP,
        "The `Host` names that are answered. Without it the host of `BASE_URL`, and loopback where that is loopback. `*`: any.",
    ),
    setting("REQUEST_TIMEOUT_SECONDS", Kind::Number(1, 600), "30", HTTP, "Longest time of one request."),
    setting(
        "BODY_TIMEOUT_SECONDS",
        Kind::Number(1, 600),
        "10",
        HTTP,
        "Longest time for which a request's body is waited for; later it is answered by 408.",
    ),
    setting(
        "MAX_CONCURRENT_REQUESTS",
        Kind::Number(1, 100_000),
        "512",
        HTTP,
        "Requests in work at the same time; more are answered by 503 and `Retry-After`.",
    ),
    setting(
        "MAX_CONCURRENT_REQUESTS_PER_CLIENT",
        Kind::Number(1, 100_000),
        "128",
        HTTP,
        "Of them, those of one client address (IPv6: one /64); more are answered by 429 and `Retry-After`.",
    ),
    setting(
        "SHUTDOWN_SECONDS",
        Kind::Number(0, 600),
        "20",
        SERVE,
        "How long requests in work may last when the server is told to stop.",
    ),
    setting(
        "LOG_FORMAT",
        Kind::Choice(&["json", "text"]),
        "json",
        SERVE,
        "One JSON object a line, or text for people.",
    ),
    setting(
        "LOG_LEVEL",
        Kind::Choice(&["error", "warn", "info", "debug"]),
        "info",
        SERVE,
        "The least important lines that are written.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Kind::Url,
        "",
        TRACES,
        "A collector's base URL (`http://127.0.0.1:4318`): spans are sent to `/v1/traces` below it. Without it, or the next one, no traces are made.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        Kind::Url,
        "",
        TRACES,
        "The whole URL that spans are sent to, in place of the one above.",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_HEADERS",
        TRACES,
        "Header fields that the collector asks for: `name=value,name=value`, percent-encoded where need be.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        Kind::Choice(&["http/protobuf"]),
        "http/protobuf",
        TRACES,
        "How spans are sent: this way alone.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        Kind::Number(1, 60_000),
        "10000",
        TRACES,
        "Milliseconds that the collector may take.",
    ),
    setting("OTEL_SERVICE_NAME", Kind::Text, "sentinel", TRACES, "The name of this server in traces."),
    setting(
        "OTEL_RESOURCE_ATTRIBUTES",
        Kind::Text,
        "",
        TRACES,
        "What else is said of this server in traces: `name=value,name=value`.",
    ),
    setting(
        "OTEL_TRACES_SAMPLER",
        Kind::Choice(&[
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
            "always_on",
            "always_off",
            "traceidratio",
        ]),
        "parentbased_always_on",
        TRACES,
        "Which requests are traced. The `parentbased` ones follow the caller's `traceparent` where it has one.",
    ),
    setting("OTEL_TRACES_SAMPLER_ARG", Kind::Text, "1", TRACES, "The part that `traceidratio` samples, 0 to 1."),
    setting("OTEL_SDK_DISABLED", Kind::Switch, "false", TRACES, "Whether no traces are made, whatever else is set."),
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

/// Providers that are known without being named in `PROVIDERS`, by the prefix of their settings.
pub const KNOWN_PROVIDERS: [&str; 4] = ["google", "github", "entra", "oidc"];
