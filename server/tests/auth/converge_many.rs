//! Many people at once, from several providers and domains, in whatever order: nobody is merged, nobody is split, every
//! name is one person's.
//!
//! Through the real way a provider's token goes (HTTP, signature, account, name) with both databases for some hundred
//! identities, ten thousand without the HTTP, and ten thousand people in ten orders for the names alone, where nothing but
//! the rule is asked. `SENTINEL_CONVERGE_LOGINS` is another number than the first ten thousand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use jwt_simple::prelude::*;
use sentinel_idp::ProviderConfig;
use sentinel_server::service::converge::{Candidates, Directory, Person};
use sentinel_server::service::resolve::{ResolveRequest, Resolved};
use sentinel_server::service::{Caller, Newcomers, ServiceApp};
use sentinel_storage::{StoreOptions, UserFilter, WorkspaceRole};
use serde_json::json;
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, SCOPE, body, cases};

cases! { many_logins }

/// How many providers there are.
const ISSUERS: usize = 5;
const DOMAINS: [&str; 4] = ["firm.example", "firm.test", "free.example", "Mail.example"];
/// Few, so that many people are called alike, and alike in several ways.
const LOCALS: [&str; 14] = [
    "ada.lovelace",
    "ada_lovelace",
    "Ada.Lovelace",
    "ada-lovelace",
    "adalovelace",
    "grace",
    "grace.hopper",
    "g.hopper",
    "o'brien",
    "o_brien",
    "jürgen",
    "j.rgen",
    "ada+news",
    "李",
];

/// SplitMix64: the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

/// One login: at which provider, as whom there, and what it says of the address.
#[derive(Clone, Debug)]
struct Login {
    issuer: usize,
    subject: String,
    email: String,
    is_proven: bool,
}

/// Who logs in: all logins of a person have one proven address, or there is only one.
struct Human(Vec<Login>);

/// Whatever may stand before an `@`, at times longer than a username may be. White space may not: what has it is no address,
/// and proves nothing.
fn written(random: &mut Random) -> String {
    const LETTERS: [char; 20] =
        ['a', 'b', 'c', 'A', 'B', '0', '1', '.', '_', '-', '+', '\'', '!', 'é', 'ß', 'а', '\u{212a}', '李', '💡', '%'];
    (0..1 + random.below(70)).map(|_| LETTERS[random.below(LETTERS.len())]).collect()
}

fn humans(count: usize, random: &mut Random) -> Vec<Human> {
    let mut addresses = BTreeSet::new();
    (0..count)
        .map(|number| {
            let local = match random.below(4) {
                0 => written(random),
                _ => format!("{}{}", LOCALS[random.below(LOCALS.len())], random.below(1 + count / 60)),
            };
            let domain = DOMAINS[random.below(DOMAINS.len())];
            let email = format!("{local}@{domain}");
            // An address that somebody has proven is nobody else's; many say so.
            let is_proven = random.below(4) > 0 && addresses.insert(email.to_ascii_lowercase());
            let logins = if is_proven { 1 + random.below(3) } else { 1 };
            let first = random.below(ISSUERS);
            Human(
                (0..logins)
                    .map(|next| Login {
                        issuer: (first + next) % ISSUERS,
                        // Subjects are unique at their issuer alone.
                        subject: format!("s{number}"),
                        // Providers write it as they like.
                        email: if random.below(2) == 0 { email.clone() } else { email.to_ascii_uppercase() },
                        is_proven,
                    })
                    .collect(),
            )
        })
        .collect()
}

/// A provider: its keys, and tokens for whoever it is told of.
struct Issuer {
    url: String,
    key: ES256KeyPair,
}

impl Issuer {
    async fn start() -> Self {
        let key = ES256KeyPair::generate().with_key_id("k");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let point = key.public_key().public_key().to_bytes_uncompressed();
        let text = |octets: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, octets);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k", "x": text(&point[1..33]), "y": text(&point[33..]) });
        let metadata = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/auth"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        let keys = json!({ "keys": [jwk] });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(move || async { Json(metadata) }))
            .route("/jwks", get(move || async { Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key }
    }

    fn token(&self, login: &Login) -> String {
        let said = json!({ "email": login.email, "email_verified": login.is_proven });
        let claims = Claims::with_custom_claims(said, Duration::from_mins(10));
        self.key.sign(claims.with_issuer(&self.url).with_subject(&login.subject).with_audience("front")).unwrap()
    }
}

/// How a provider's token comes to the server.
#[derive(Clone, Copy)]
enum Way {
    /// As a service's request.
    Http,
    /// To what answers that request: the same but for the connection.
    Service,
}

/// A fresh server at this place that knows the issuers.
async fn start(place: StoreOptions, issuers: &[Issuer], directory: &str) -> Deployment {
    let config = |(number, issuer): (usize, &Issuer)| {
        let mut config = ProviderConfig::oidc(&format!("p{number}"), &issuer.url, "front", None);
        config.trust_email = true;
        config
    };
    let more = issuers.iter().enumerate().map(config).collect();
    Deployment::start_with(place, more, |config, _| {
        config.newcomers = Newcomers::DefaultWorkspace { slug: "default".into(), role: WorkspaceRole::Viewer };
        config.directory = Directory::from_json(directory).unwrap();
    })
    .await
}

/// The account that a login comes to.
async fn account(server: &Deployment, way: Way, issuer: usize, idp_token: String) -> Uuid {
    let provider = format!("p{issuer}");
    match way {
        Way::Http => {
            let asked = json!({ "idp_token": idp_token, "provider": provider });
            let said = body(server.resolve(Some(KEY), asked).await).await;
            said["user"]["id"].as_str().unwrap_or_else(|| panic!("{said}")).parse().unwrap()
        }
        Way::Service => {
            let app =
                ServiceApp { id: Uuid::nil(), service_name: SCOPE.into(), realm: None, idp_audiences: Vec::new() };
            let asked = ResolveRequest { idp_token, provider, workspace_id: None, nonce: None };
            match server.service.resolve(&app, &asked, &Caller::default()).await.unwrap() {
                Resolved::Workspaces { account, workspaces } => {
                    assert_eq!(workspaces.len(), 1, "everybody is a member of the default workspace");
                    account.id
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// For each person the account and the username that every login of theirs came to, in an order of its own.
async fn run(
    place: StoreOptions,
    all: &[Human],
    issuers: &[Issuer],
    random: &mut Random,
    (way, directory): (Way, &str),
) -> Vec<(Uuid, String)> {
    let server = Arc::new(start(place, issuers, directory).await);
    let mut logins: Vec<(usize, &Login)> =
        all.iter().enumerate().flat_map(|(person, human)| human.0.iter().map(move |login| (person, login))).collect();
    random.shuffle(&mut logins);
    let mut accounts: BTreeMap<usize, Uuid> = BTreeMap::new();
    // Several at a time, as they come.
    for some in logins.chunks(8) {
        let mut asked = tokio::task::JoinSet::new();
        for (person, login) in some {
            let (server, person, issuer) = (Arc::clone(&server), *person, login.issuer);
            let token = issuers[issuer].token(login);
            asked.spawn(async move { (person, account(&server, way, issuer, token).await) });
        }
        for (person, id) in asked.join_all().await {
            assert_eq!(*accounts.entry(person).or_insert(id), id, "a person was split");
        }
    }
    let mut found = Vec::new();
    let mut db = server.store.read().await.unwrap();
    for person in 0..all.len() {
        let id = accounts[&person];
        found.push((id, db.names_of(id).await.unwrap().username.unwrap()));
    }
    assert_eq!(found.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), all.len(), "two people were merged");
    assert_eq!(found.iter().map(|(_, name)| name).collect::<BTreeSet<_>>().len(), all.len(), "a name is given twice");
    // Nobody was made beside them.
    assert_eq!(db.count_users(&UserFilter::default()).await.unwrap(), i64::try_from(all.len()).unwrap());
    found
}

/// With a domain whose people have the plain names no order makes a difference, not even to what people are called.
const DIRECTORY: &str = r#"{"domain": "firm.example"}"#;

/// The same people in two orders, at fresh servers.
async fn twice(places: [StoreOptions; 2], identities: usize, way: Way) {
    let mut random = Random(7);
    let mut all = Vec::new();
    let mut known = 0;
    for human in humans(identities, &mut random) {
        known += human.0.len();
        all.push(human);
        if known >= identities {
            break;
        }
    }
    assert!(known >= identities && all.len() < identities, "{known} identities of {} people", all.len());
    let mut issuers = Vec::new();
    for _ in 0..ISSUERS {
        issuers.push(Issuer::start().await);
    }
    let mut names = Vec::new();
    for place in places {
        let found = run(place, &all, &issuers, &mut random, (way, DIRECTORY)).await;
        names.push(found.into_iter().map(|(_, name)| name).collect::<Vec<_>>());
    }
    let other = names[0].iter().zip(&names[1]).find(|(one, other)| one != other);
    assert_eq!(other, None, "somebody is called otherwise in another order");
    let plain = names[0].iter().filter(|name| !name.contains('-')).count();
    assert!(plain > all.len() / 50, "only {plain} have a plain name");
}

async fn many_logins(place: StoreOptions) {
    let folder = tempfile::tempdir().unwrap();
    let other = StoreOptions::Sqlite { file: folder.path().join("other.db") };
    twice([place, other], 150, Way::Http).await;
}

/// A folder in memory where the machine has one: what is written survives the test no longer than the test itself.
fn in_memory() -> tempfile::TempDir {
    let place = std::path::Path::new("/dev/shm");
    tempfile::tempdir_in(if place.is_dir() { place.to_owned() } else { std::env::temp_dir() }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_identities_in_two_orders() {
    let count = std::env::var("SENTINEL_CONVERGE_LOGINS").ok().map_or(10_000, |count| count.parse().unwrap());
    let folders = [in_memory(), in_memory()];
    let places = folders.each_ref().map(|folder| StoreOptions::Sqlite { file: folder.path().join("sentinel.db") });
    twice(places, count, Way::Service).await;
}

/// Gives names as the server does: the first of a person's own that nobody has.
fn named(people: &[(usize, Person<'_>)], directory: &Directory) -> BTreeMap<usize, String> {
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (number, person) in people {
        let all = Candidates::of(person, directory);
        let name = all.iter().map(|name| name.to_string()).find(|name| taken.insert(name.clone()));
        names.insert(*number, name.expect("a name that nobody has"));
    }
    names
}

#[test]
fn ten_thousand_people_in_ten_orders() {
    let mut random = Random(11);
    let all = humans(10_000, &mut random);
    let issuers =
        ["https://a.example", "https://b.example", "https://c.example", "https://d.example", "https://e.example"];
    let mut people: Vec<(usize, Person<'_>)> = all
        .iter()
        .enumerate()
        .map(|(number, human)| {
            let Login { issuer, subject, email, is_proven } = &human.0[0];
            let person = match is_proven {
                true => Person::Address(email),
                false => Person::Subject { issuer: issuers[*issuer], subject, hint: email },
            };
            (number, person)
        })
        .collect();
    let free = Directory::default();
    let settled = Directory::from_json(r#"{"domain": "firm.example"}"#).unwrap();
    let (first_free, first_settled) = (named(&people, &free), named(&people, &settled));
    let plain = first_free.values().filter(|name| !name.contains('-')).count();
    assert!(plain > 500, "only {plain} have a plain name");
    let own: BTreeMap<usize, Vec<String>> = people
        .iter()
        .map(|(number, person)| (*number, Candidates::of(person, &free).iter().map(|name| name.to_string()).collect()))
        .collect();
    let mut moved = 0;
    for _ in 0..10 {
        random.shuffle(&mut people);
        assert!(named(&people, &settled) == first_settled, "with a domain the order decides nothing");
        let names = named(&people, &free);
        assert_eq!(names.len(), 10_000);
        for (number, name) in &names {
            // Without one it decides who of those who may both have the plain name gets it; the other name is their own.
            assert!(own[number].iter().take(2).any(|own| own == name), "{name} of {:?}", own[number]);
            moved += usize::from(*name != first_free[number]);
        }
    }
    assert!(moved > 0, "nobody was called like anybody else: the test shows nothing");
}
