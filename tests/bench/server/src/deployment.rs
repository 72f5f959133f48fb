//! A deployment of some size, made through the server's own interfaces: the command line, logins, HTTP.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::processes::{FRONT_END, Place, Provider, ROOT};
use serde_json::{Value, json};

use crate::browser::{Browser, CHALLENGE, VERIFIER, form_of, parameter};

pub(crate) const SERVICE: &str = "notes";
pub(crate) const KIND: &str = "note";
const CALLBACK: &str = "https://app.example.test/callback";
const PEOPLE: usize = 300;
const WORKSPACES: usize = 5;
const GROUPS: usize = 10;
const ROLES: usize = 6;
const ACTIONS: usize = 24;
/// Of the type and workspace that are asked about.
pub(crate) const RESOURCES: usize = 1200;

/// What requests are made of.
pub(crate) struct Deployment {
    pub(crate) key: String,
    pub(crate) workspace: String,
    /// An editor who owns a sixth of the resources and has been given another third.
    pub(crate) access_token: String,
    pub(crate) id_token: String,
    /// Resource ids: a mixture of what the person may and may not use.
    pub(crate) resources: Vec<String>,
    /// Live refresh tokens, each of a session of its own.
    pub(crate) refresh_tokens: Vec<String>,
}

impl Deployment {
    /// Seeds; `sessions` people log in beside the one who asks.
    pub(crate) async fn seed(place: &Place, authority: &str, provider: &Provider, sessions: usize) -> Result<Self> {
        let mut http = Connection::open(authority).await?;
        let key = text(&place.cli(&["service", "create", SERVICE])?, "key")?;
        place.cli(&["client", "create", "app", "--redirect-uri", CALLBACK])?;
        place.cli(&["user", "create", "owner@example.test", "--name", "Olive Owner"])?;
        let mut workspace = String::new();
        for number in 0..WORKSPACES {
            let (slug, name) = (format!("lab-{number}"), format!("Laboratory {number}"));
            let made = place.cli(&["workspace", "create", &slug, "--name", &name, "--owner", "owner@example.test"])?;
            if number == 0 {
                workspace = text(&made, "id")?;
            }
        }
        let root = admin(authority).await?;
        let people = import(&mut http, &root).await?;
        let person = |number: usize| people.get(&email(number)).cloned().context("someone was not imported");

        let actions: Vec<_> = (0..ACTIONS).map(|number| json!({ "action": format!("notes:do-{number}") })).collect();
        let register = json!({ "service_name": SERVICE, "actions": actions });
        let actions = http.done(&Ask::json("/roles/actions/register", &register).with("x-service-key", &key)?).await?;
        for number in 0..ROLES {
            let path = format!("/admin/workspaces/{workspace}/roles");
            let role = root.send(&mut http, Ask::json(&path, &json!({ "name": format!("role {number}") }))).await?;
            let role = format!("{path}/{}", text(&role, "id")?);
            for action in list(&actions)?.iter().skip(number).step_by(ROLES) {
                root.send(&mut http, Ask::json(format!("{role}/actions/{}", text(action, "id")?), &json!({}))).await?;
            }
            // The person who asks has every second role.
            for member in [0, number + 1, number + 20].iter().skip(number % 2) {
                root.send(&mut http, Ask::json(format!("{role}/members/{}", person(*member)?), &json!({}))).await?;
            }
        }

        let owner = log_in(authority, "owner", &workspace).await?.access_token;
        let mut groups = Vec::new();
        for number in 0..GROUPS {
            let path = format!("/workspaces/{workspace}/groups");
            let group = Ask::json(&path, &json!({ "name": format!("group {number}") })).bearer(&owner)?;
            let group = text(&http.done(&group).await?, "id")?;
            // The person who asks is in the first three.
            for member in (number * 7 + 1..number * 7 + 16).chain((number < 3).then_some(0)) {
                let path = format!("{path}/{group}/members/{}", person(member)?);
                http.done(&Ask::json(path, &json!({})).bearer(&owner)?).await?;
            }
            groups.push(group);
        }

        let mut resources = Vec::new();
        for number in 0..RESOURCES {
            let id = id_of(number);
            let (owner_id, visibility) = match number % 6 {
                0 => (person(0)?, "private"),
                1 | 2 => (person(1 + number % 200)?, "workspace"),
                _ => (person(1 + number % 200)?, "private"),
            };
            let record = json!({
                "service_name": SERVICE, "resource_type": KIND, "resource_id": id, "workspace_id": workspace,
                "owner_id": owner_id, "visibility": visibility,
            });
            let record = Ask::json("/permissions/register", &record).with("x-service-key", &key)?;
            let record = text(&http.done(&record).await?, "id")?;
            let group = groups.get(number % GROUPS).context("a group")?;
            let share = match number % 6 {
                3 => json!({ "grantee_type": "user", "grantee_id": person(0)?, "permission": "view" }),
                4 => json!({ "grantee_type": "group", "grantee_id": group, "permission": "edit" }),
                _ => json!({ "grantee_type": "user", "grantee_id": person(250)?, "permission": "view" }),
            };
            let share = Ask::json(format!("/permissions/{record}/share"), &share);
            http.done(&share.bearer(&owner)?.with("x-service-key", &key)?).await?;
            resources.push(id);
        }

        let mut refresh_tokens = Vec::new();
        for number in 0..sessions {
            refresh_tokens.push(log_in(authority, &name(number + 1), &workspace).await?.refresh_token);
        }
        let access_token = log_in(authority, &name(0), &workspace).await?.access_token;
        let id_token = id_token(provider, &name(0)).await?;
        Ok(Self { key, workspace, access_token, id_token, resources, refresh_tokens })
    }
}

/// The admin pages as their owner has them.
struct Admin(String);

impl Admin {
    async fn send(&self, http: &mut Connection, ask: Ask) -> Result<Value> {
        let ask = ask.with("cookie", &format!("admin_token={}", self.0))?;
        http.done(&ask.with("x-requested-with", "XMLHttpRequest")?).await
    }
}

async fn admin(authority: &str) -> Result<Admin> {
    let mut browser = Browser::default();
    let stop = format!("http://{authority}/auth/admin/callback");
    let back = browser.log_in(&format!("http://{authority}/auth/admin/login/oidc"), ROOT, &stop).await?;
    browser.open(&back).await?;
    Ok(Admin(browser.cookie("admin_token").context("no admin cookie")?.to_owned()))
}

/// Everyone by address, as members of several workspaces.
async fn import(http: &mut Connection, root: &Admin) -> Result<BTreeMap<String, String>> {
    let mut file = String::from("email,name,workspace_slug,role\n");
    for number in 0..PEOPLE {
        for workspace in (0..WORKSPACES).filter(|workspace| *workspace == 0 || number % WORKSPACES == *workspace) {
            let role = if number % 3 == 0 { "editor" } else { "viewer" };
            file += &format!("{},Person {number},lab-{workspace},{role}\n", email(number));
        }
    }
    root.send(http, Ask::post("/admin/users/import", "text/csv", file)).await?;
    let listed = root.send(http, Ask::get("/admin/users?limit=1000")).await?;
    let pair = |user: &Value| Ok((text(user, "email")?, text(user, "id")?));
    list(&listed)?.iter().map(pair).collect()
}

struct Tokens {
    access_token: String,
    refresh_token: String,
}

/// Proxy mode from its beginning to its end.
async fn log_in(authority: &str, name: &str, workspace: &str) -> Result<Tokens> {
    let query = [("redirect_uri", CALLBACK), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let start = format!("http://{authority}/auth/login/oidc?{}", form_of(&query));
    let back = Browser::default().log_in(&start, name, CALLBACK).await?;
    let body = json!({ "code": parameter(&back, "code")?, "workspace_id": workspace, "code_verifier": VERIFIER });
    let answer = Connection::open(authority).await?.done(&Ask::json("/auth/token", &body)).await?;
    Ok(Tokens { access_token: text(&answer, "access_token")?, refresh_token: text(&answer, "refresh_token")? })
}

/// What a front end gets from the provider by itself.
async fn id_token(provider: &Provider, name: &str) -> Result<String> {
    let (client, secret) = provider.basic();
    let query = [
        ("client_id", client),
        ("response_type", "code"),
        ("scope", "openid email profile"),
        ("redirect_uri", FRONT_END),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let start = format!("{}/auth?{}", provider.issuer, form_of(&query));
    let back = Browser::default().log_in(&start, name, FRONT_END).await?;
    let authority = provider.issuer.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &parameter(&back, "code")?),
        ("redirect_uri", FRONT_END),
        ("code_verifier", VERIFIER),
    ];
    let basic = STANDARD.encode(format!("{client}:{secret}"));
    let ask = Ask::post("/token", "application/x-www-form-urlencoded", form_of(&form));
    let ask = ask.with("authorization", &format!("Basic {basic}"))?;
    text(&Connection::open(&authority).await?.done(&ask).await?, "id_token")
}

fn name(number: usize) -> String {
    format!("person-{number}")
}

fn email(number: usize) -> String {
    format!("{}@example.test", name(number))
}

/// Version 4 in form; told apart by their number.
pub(crate) fn id_of(number: usize) -> String {
    // Scattered, as random ids are.
    let scattered = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4000-8000-{number:012x}", scattered >> 32, scattered & 0xffff)
}

fn text(value: &Value, member: &str) -> Result<String> {
    let found = value.get(member).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {member} in {value}"))?.to_owned())
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().with_context(|| format!("no list: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_different() {
        let all: std::collections::BTreeSet<_> = (0..RESOURCES).map(id_of).collect();
        assert_eq!(all.len(), RESOURCES);
    }
}
