//! GitHub's OAuth and API, as its documentation describes them, played by a server of the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use sentinel_idp::{Callback, IdpError, Login, ProvenIdentity, ProviderConfig, Providers};
use serde_json::{Value, json};
use support::{Answer, CALLBACK, CLIENT, SECRET, Server, loopback, why};

const EXCHANGE: &str = "POST /login/oauth/access_token";
const CHECK: &str = "POST /api/v3/applications/sentinel/token";
const USER: &str = "GET /api/v3/user";
const EMAILS: &str = "GET /api/v3/user/emails";

struct Github {
    server: Server,
    providers: Providers,
}

impl Github {
    async fn new() -> Self {
        let server = Server::new().await;
        let config = ProviderConfig { issuer: server.origin.clone(), ..ProviderConfig::github(CLIENT, SECRET.into()) };
        server.set(EXCHANGE, Answer::json(&json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "" })));
        server.set(CHECK, Answer::json(&json!({ "app": { "client_id": CLIENT }, "user": { "id": 583_231 } })));
        let user = json!({ "id": 583_231, "login": "octocat", "name": null, "avatar_url": "https://a.example/1" });
        server.set(USER, Answer::json(&user));
        let email = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified, "visibility": null });
        let emails = json!([email("other@example.test", false, true), email("octocat@example.test", true, true)]);
        server.set(EMAILS, Answer::json(&emails));
        Self { providers: Providers::new([config], loopback()).unwrap(), server }
    }

    async fn start(&self) -> Login {
        self.providers.start("github", CALLBACK).await.unwrap()
    }

    async fn finish(&self, login: &Login, iss: Option<&str>) -> Result<ProvenIdentity, IdpError> {
        let callback = Callback { code: "the-code", state: &login.secrets.state, iss };
        self.providers.finish("github", &login.secrets, &callback).await
    }

    async fn verify(&self, token: &str) -> Result<ProvenIdentity, IdpError> {
        self.providers.verify_token("github", token, None).await
    }
}

#[tokio::test]
async fn a_login() {
    let github = Github::new().await;
    let login = github.start().await;
    let url = reqwest::Url::parse(&login.url).unwrap();
    assert_eq!(url.path(), "/login/oauth/authorize");
    let sent = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((sent("state"), sent("code_challenge_method")), (login.secrets.state.clone(), "S256".to_owned()));
    assert_eq!((sent("redirect_uri"), sent("scope")), (CALLBACK.to_owned(), "read:user user:email".to_owned()));

    let person = github.finish(&login, None).await.unwrap();
    assert_eq!((person.issuer.as_str(), person.subject.as_str()), (github.server.origin.as_str(), "583231"));
    assert_eq!((person.email.as_deref(), person.email_verified), (Some("octocat@example.test"), true));
    assert_eq!((person.name.as_deref(), person.username.as_deref()), (Some("octocat"), Some("octocat")));
    let asked = &github.server.asked(EXCHANGE)[0];
    assert!(asked.body.contains(&format!("code_verifier={}", login.secrets.pkce_verifier)), "{}", asked.body);
    assert_eq!(github.server.asked(USER)[0].headers["authorization"], "Bearer gho_1");
    assert!(github.server.asked(USER)[0].headers.contains_key("user-agent"), "GitHub demands one");
}

#[tokio::test]
async fn a_login_that_is_not_ours_is_refused() {
    let github = Github::new().await;
    let (ours, theirs) = (github.start().await, github.start().await);
    let callback = Callback { code: "the-code", state: &theirs.secrets.state, iss: None };
    assert_eq!(why(github.providers.finish("github", &ours.secrets, &callback).await), "State");
    for iss in ["https://evil.example", "", "https://github.com", &format!("{}/evil", github.server.origin)] {
        assert_eq!(why(github.finish(&ours, Some(iss)).await), "Issuer", "{iss}");
    }
    assert!(github.server.asked(EXCHANGE).is_empty());
    for iss in [github.server.origin.clone(), format!("{}/login/oauth", github.server.origin)] {
        assert_eq!(why(github.finish(&ours, Some(&iss)).await), "accepted");
    }
    // GitHub's errors have status 200.
    for (error, expected) in
        [("bad_verification_code", "Code"), ("incorrect_client_credentials", "500"), ("redirect_uri_mismatch", "500")]
    {
        github.server.set(EXCHANGE, Answer::json(&json!({ "error": error, "error_description": "…" })));
        assert_eq!(why(github.finish(&ours, None).await), expected);
    }
}

#[tokio::test]
async fn a_token_must_have_been_issued_to_our_app() {
    let github = Github::new().await;
    assert_eq!(why(github.verify("gho_1").await), "accepted");
    let asked = &github.server.asked(CHECK)[0];
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), json!({ "access_token": "gho_1" }));
    assert!(asked.headers["authorization"].starts_with("Basic "), "with the app's own credentials");

    let checked = |app: &str, id: u64| json!({ "app": { "client_id": app }, "user": { "id": id } });
    for (at, (answer, expected)) in [
        (Answer::status(404, &json!({ "message": "Not Found" })), "audience_mismatch"),
        (Answer::status(422, &json!({})), "audience_mismatch"),
        (Answer::json(&checked("another-app", 583_231)), "audience_mismatch"),
        (Answer::json(&json!({ "app": { "client_id": CLIENT }, "user": null })), "audience_mismatch"),
        (Answer::json(&checked(CLIENT, 1)), "binding_mismatch"),
        (Answer::status(401, &json!({})), "500"),
        (Answer::status(403, &json!({})), "503"),
        (Answer::status(500, &json!({})), "503"),
        (Answer::json(&json!({})), "503"),
        (Answer::redirect(302, "http://169.254.169.254/"), "503"),
    ]
    .into_iter()
    .enumerate()
    {
        github.server.set(CHECK, answer.clone());
        assert_eq!(why(github.verify(&format!("gho_other_{at}")).await), expected, "{answer:?}");
    }
    let before = github.server.asked(CHECK).len();
    for token in ["", "gho 1", "gho_1\r\nHost: evil", "gho_\0", "é", &"g".repeat(2000)] {
        assert_eq!(why(github.verify(token).await), "token_malformed");
    }
    assert_eq!(github.server.asked(CHECK).len(), before, "what is no token is not asked about");
    assert_eq!(why(github.providers.verify_token("github", "gho_1", Some("n")).await), "claim_missing");
    let [ours, anothers] = [vec![CLIENT.to_owned()], vec!["another".to_owned()]];
    assert_eq!(why(github.providers.verify_token_for("github", "gho_1", None, &ours).await), "accepted");
    assert_eq!(why(github.providers.verify_token_for("github", "gho_1", None, &anothers).await), "audience_mismatch");
    assert_eq!(why(github.providers.verify_id_token("github", "gho_1", None).await), "type_mismatch");
}

#[tokio::test]
async fn a_token_that_comes_again_and_again_costs_one_question() {
    let github = Github::new().await;
    for _ in 0..10 {
        assert_eq!(why(github.verify("gho_1").await), "accepted");
    }
    github.server.set(CHECK, Answer::status(404, &json!({})));
    for _ in 0..10 {
        assert_eq!(why(github.verify("gho_bad").await), "audience_mismatch");
    }
    assert_eq!((github.server.asked(CHECK).len(), github.server.asked(USER).len()), (2, 1));
    // A fault of the provider is no judgement.
    github.server.set(CHECK, Answer::status(500, &json!({})));
    assert_eq!(why(github.verify("gho_2").await), "503");
    github.server.set(CHECK, Answer::json(&json!({ "app": { "client_id": CLIENT }, "user": { "id": 583_231 } })));
    assert_eq!(why(github.verify("gho_2").await), "accepted");
}

#[tokio::test]
async fn only_the_primary_address_counts_and_only_when_it_is_verified() {
    let github = Github::new().await;
    let one = |primary: bool, verified: bool| json!([{ "email": "a@example.test", "primary": primary, "verified": verified }]);
    for (at, (emails, expected)) in [
        (Answer::json(&one(true, true)), (Some("a@example.test"), true)),
        (Answer::json(&one(true, false)), (Some("a@example.test"), false)),
        (Answer::json(&one(false, true)), (None, false)),
        (Answer::json(&json!([])), (None, false)),
        (Answer::status(404, &json!({})), (None, false)),
        (Answer::status(403, &json!({})), (None, false)),
    ]
    .into_iter()
    .enumerate()
    {
        github.server.set(EMAILS, emails);
        let person = github.verify(&format!("gho_{at}")).await.unwrap();
        assert_eq!((person.email.as_deref(), person.email_verified), expected);
    }
    let mut limited = Answer::status(403, &json!({}));
    limited.headers.push(("x-ratelimit-remaining", "0".to_owned()));
    github.server.set(EMAILS, limited);
    assert_eq!(why(github.verify("gho_limited").await), "503");
    github.server.set(USER, Answer::status(401, &json!({})));
    assert_eq!(why(github.verify("gho_unknown").await), "signature_invalid");
}
