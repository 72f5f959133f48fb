use super::*;
use std::io::Write as _;

fn load(environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load(&Sources { environment, ..Sources::default() })
}

fn refused(environment: &[(&str, &str)]) -> String {
    load(environment).map(|_| ()).unwrap_err().to_string()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn load_file(text: &str, environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let file = file(text);
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load(&Sources { config: Some(file.path().to_owned()), environment, flags: Vec::new() })
}

#[test]
fn nothing_is_needed() {
    let settings = load(&[]).unwrap();
    assert_eq!((settings.service_port, settings.data_dir), (9003, "data".into()));
    assert_eq!(settings.access_token_life, Duration::from_secs(900));
    assert!(settings.providers.is_empty() && settings.database_url.is_none() && settings.base_url.is_none());
    assert!(settings.trusted_proxies.is_empty() && settings.rate_limit_rpm == Some(600));
}

#[test]
fn every_default_is_one_that_its_own_setting_takes() {
    for setting in table::all().filter(|setting| !setting.default.is_empty()) {
        load(&[(setting.name, setting.default)]).unwrap();
        assert!(!setting.secret, "{}: a secret has no default", setting.name);
    }
}

#[test]
fn names_are_unique_and_documented() {
    let mut names: Vec<_> = table::all().map(|setting| setting.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table::all().count());
    let text = reference();
    for setting in table::all() {
        assert!(text.contains(&format!("| `{}` |", setting.name)) && setting.doc.ends_with('.'), "{}", setting.name);
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = file("service_port = 1\nservice_host = \"a\"\nlog_level = \"warn\"");
    let sources = Sources {
        config: Some(file.path().to_owned()),
        environment: vec![("SERVICE_PORT".into(), "2".into()), ("SENTINEL_SERVICE_HOST".into(), "b".into())],
        flags: vec![("SERVICE_PORT", "port", "3".into())],
    };
    let settings = Settings::load(&sources).unwrap();
    assert_eq!((settings.service_port, settings.service_host.as_str()), (3, "b"));
    assert_eq!(settings.log_level, "warn");
    let shown = |name: &str| settings.shown().iter().find(|shown| shown.name == name).unwrap().origin.clone();
    assert_eq!(shown("SERVICE_PORT"), "flag --port");
    assert_eq!(shown("SERVICE_HOST"), "environment SENTINEL_SERVICE_HOST");
    assert!(shown("LOG_LEVEL").starts_with("file "));
    assert_eq!(shown("DATA_DIR"), "default");
}

#[test]
fn an_unknown_name_names_its_neighbour() {
    assert_eq!(
        refused(&[("SENTINEL_BASE_ULR", "x")]),
        "unknown setting SENTINEL_BASE_ULR (environment): did you mean SENTINEL_BASE_URL?"
    );
    assert!(refused(&[("SENTINEL_PORT", "tcp://10.0.0.1:9003")]).contains("enableServiceLinks"));
    let why = load_file("base_ulr = \"x\"", &[]).unwrap_err().to_string();
    assert!(why.starts_with("unknown setting base_ulr (file ") && why.ends_with("did you mean base_url?"), "{why}");
    assert!(load_file("BASE_URL = \"https://a.example\"", &[]).is_err(), "keys are lower case");
    assert!(load_file("[base]\nurl = 1", &[]).is_err());
    // Other programs' variables are not ours to judge.
    load(&[("REDIS_URL", "x"), ("PORT", "1"), ("SENTINEL_TEST_POSTGRES", "x"), ("SENTINEL_BIN", "x")]).unwrap();
    assert!(load(&[("SENTINEL_TEST_OTHER", "x")]).is_err());
}

#[test]
fn empty_is_not_set_and_two_names_must_agree() {
    assert_eq!(load(&[("SERVICE_PORT", "")]).unwrap().service_port, 9003);
    assert_eq!(load(&[("SERVICE_PORT", "1"), ("SENTINEL_SERVICE_PORT", "1")]).unwrap().service_port, 1);
    let why = refused(&[("SERVICE_PORT", "1"), ("SENTINEL_SERVICE_PORT", "2")]);
    assert!(why.contains("SERVICE_PORT and SENTINEL_SERVICE_PORT"), "{why}");
}

#[test]
fn wrong_values_are_told_by_name_place_and_what_to_write() {
    for (name, value, must) in [
        ("SERVICE_PORT", "65536", "SERVICE_PORT (environment SERVICE_PORT) must be a whole number from 0 to 65535"),
        ("SERVICE_PORT", "-1", "a whole number"),
        ("BEHIND_PROXY", "maybe", "true or false"),
        ("BASE_URL", "ftp://a", "https://"),
        ("BASE_URL", "https://user:s3cret@a.example", "holds no password"),
        ("BASE_URL", "https://a.example/?q", "without a query"),
        ("SIGNING_ALGORITHM", "none", "one of RS256, ES256, EdDSA"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "networks like"),
        ("REFRESH_GRACE_SECONDS", "11", "from 0 to 10"),
        ("DATABASE_URL", "mysql://u:s3cret@h/d", "postgres://"),
        ("PROVIDERS", "Acme", "begins with a-z"),
    ] {
        let why = refused(&[(name, value)]);
        assert!(why.starts_with(name) && why.contains(must), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
}

#[test]
fn secrets_come_from_files_of_their_own_and_are_never_shown() {
    let own = file("s3cret\n");
    let path = own.path().to_str().unwrap();
    let ids = [("GOOGLE_CLIENT_ID", "id")];
    let with = |more: &[(&'static str, &str)]| {
        let all: Vec<_> =
            ids.iter().map(|(a, b)| (*a, *b)).chain(more.iter().map(|(a, b)| (*a, *b))).collect::<Vec<_>>();
        load(&all)
    };
    let settings = with(&[("GOOGLE_CLIENT_SECRET_FILE", path)]).unwrap();
    use secrecy::ExposeSecret as _;
    let provider = &settings.providers[0];
    assert_eq!(provider.client_secret.as_ref().unwrap().expose_secret(), "s3cret");
    assert!(!format!("{settings:?}").contains("s3cret"));
    let shown = settings.shown().iter().find(|shown| shown.name == "GOOGLE_CLIENT_SECRET").unwrap();
    assert_eq!(shown.value.as_deref(), Some("***"));

    let why = with(&[("GOOGLE_CLIENT_SECRET_FILE", path), ("GOOGLE_CLIENT_SECRET", "x")]).unwrap_err().to_string();
    assert!(why.contains("both set"), "{why}");
    assert!(with(&[("GOOGLE_CLIENT_SECRET_FILE", "/nowhere/at/all")]).is_err());
    assert!(
        load_file("google_client_id = \"id\"\ngoogle_client_secret = \"s3cret", &[])
            .is_err_and(|why| { !why.to_string().contains("s3cret") && why.to_string().contains("line 2") })
    );
    // Only a secret has a file of its own.
    assert!(load(&[("SENTINEL_BASE_URL_FILE", "x")]).is_err());
}

#[test]
fn providers_are_on_where_their_client_is_set() {
    let oidc = [("OIDC_ISSUER", "https://idp.example"), ("OIDC_CLIENT_ID", "id")];
    let settings = load(&oidc).unwrap();
    assert_eq!((settings.providers[0].id.as_str(), settings.providers[0].trust_email), ("oidc", false));
    let settings = load(&[
        ("PROVIDERS", "oidc,acme"),
        ("ACME_ISSUER", "https://acme.example"),
        ("SENTINEL_ACME_CLIENT_ID", "id"),
        ("ACME_TRUST_EMAIL", "true"),
        ("ACME_SCOPES", "openid, email"),
        ("ACME_EXTRA_AUDIENCES", "web,phone"),
    ]);
    let settings = settings.unwrap();
    let acme = &settings.providers[0];
    assert_eq!(
        (acme.id.as_str(), acme.trust_email, acme.scopes.len(), acme.extra_audiences.len()),
        ("acme", true, 2, 2)
    );

    assert!(refused(&[("OIDC_ISSUER", "https://idp.example")]).starts_with("OIDC_CLIENT_ID is missing"));
    assert!(refused(&[("PROVIDERS", "acme")]).starts_with("ACME_CLIENT_ID is missing"));
    assert!(refused(&[("OIDC_CLIENT_ID", "id")]).starts_with("OIDC_ISSUER is missing"));
    assert!(refused(&[("GOOGLE_CLIENT_ID", "id")]).starts_with("GOOGLE_CLIENT_SECRET is missing"));
    let http = [("OIDC_ISSUER", "http://127.0.0.1:1"), ("OIDC_CLIENT_ID", "id")];
    assert!(refused(&http).contains("ALLOW_LOOPBACK_PROVIDERS"));
    load(&[http[0], http[1], ("ALLOW_LOOPBACK_PROVIDERS", "true")]).unwrap();
}

#[test]
fn lists_in_the_file_are_arrays() {
    let settings = load_file("admin_emails = [\"A@b.example\", \"c@d.example\"]\nbehind_proxy = true", &[]).unwrap();
    assert_eq!(settings.admin_emails, ["a@b.example", "c@d.example"]);
    let near = |address: &str| settings.trusted_proxies.iter().any(|net| net.contains(address.parse().unwrap()));
    assert!(
        near("127.0.0.1") && near("::ffff:10.1.2.3") && near("::1") && !near("203.0.113.1") && !near("2001:db8::1")
    );
    assert!(load_file("service_host = [\"a\"]", &[]).is_err());
    assert!(load_file("service_host = { a = 1 }", &[]).is_err());
}
