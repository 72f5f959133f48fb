//! What a client knows must be so: what was answered, and of what was asked and not answered that it is one or the other.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::SERVICE;
use crate::server::{Answer, ask};

/// Less than the time in which a lost answer can be asked for again.
const GRACE: Duration = Duration::from_secs(9);

/// Any number.
pub(crate) fn random() -> u64 {
    Uuid::new_v4().as_u64_pair().0 ^ Uuid::new_v4().as_u64_pair().1
}

/// What all clients share.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) key: String,
    pub(crate) workspace: String,
    pub(crate) owner_id: String,
    /// May change who sees a resource.
    pub(crate) owner_token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Alive,
    /// A logout was asked for and not answered.
    Unknown,
    Ended,
}

/// Someone with a session.
pub(crate) struct Person {
    name: String,
    pub(crate) access: String,
    /// The last one that was answered.
    refresh: String,
    /// Those before it, the oldest first.
    used: Vec<String>,
    /// When a refresh was asked for that was not answered.
    asked: Option<Instant>,
    life: Life,
}

impl Person {
    pub(crate) fn new(name: &str, answer: &Value) -> Self {
        let text = |member: &str| answer[member].as_str().unwrap().to_owned();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        Self { name: name.to_owned(), access, refresh, used: Vec::new(), asked: None, life: Life::Alive }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.life == Life::Ended
    }

    fn learn(&mut self, answer: &Value) {
        let next = Self::new(&self.name, answer);
        assert_eq!(generation(&next.refresh), generation(&self.refresh) + 1, "{}", self.name);
        self.access = next.access;
        self.used.push(std::mem::replace(&mut self.refresh, next.refresh));
    }
}

/// How many refresh tokens of the session came before this one.
fn generation(token: &str) -> i64 {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["generation"].as_i64().unwrap()
}

/// A resource of ours: everything that it may be.
struct Resource {
    id: Uuid,
    /// The id of its record, once that was answered.
    record: Option<String>,
    /// `None`: it is not there. What was answered last stands first.
    may_be: Vec<Option<&'static str>>,
}

/// One who asks for changes, one after another.
pub(crate) struct Client {
    number: usize,
    facts: Facts,
    people: Vec<Person>,
    resources: Vec<Resource>,
}

impl Client {
    pub(crate) fn new(number: usize, facts: Facts, people: Vec<Person>) -> Self {
        Self { number, facts, people, resources: Vec::new() }
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.iter()
    }

    /// Asks for one change. False where no answer came: the server is gone.
    pub(crate) fn change(&mut self, address: &str) -> bool {
        let alive: Vec<usize> = (0..self.people.len()).filter(|at| self.people[*at].life == Life::Alive).collect();
        let at = alive[random() as usize % alive.len()];
        let here = self.resources.iter().position(|resource| {
            resource.record.is_some() && matches!(resource.may_be.as_slice(), [Some(_)]) && random().is_multiple_of(3)
        });
        match (random() % 20, here) {
            (0..10, _) => self.refresh(address, at),
            // Someone stays.
            (10, _) if alive.len() > 2 => self.log_out(address, at),
            (11..14, Some(resource)) => self.show(address, resource),
            (14, Some(resource)) => self.deregister(address, resource),
            _ => self.register(address),
        }
    }

    fn refresh(&mut self, address: &str, at: usize) -> bool {
        let person = &mut self.people[at];
        person.asked = Some(Instant::now());
        let Some(answer) = refresh(address, &person.refresh) else { return false };
        person.asked = None;
        assert_eq!(answer.status, 200, "{}: {answer:?}", person.name);
        person.learn(&answer.json());
        true
    }

    fn log_out(&mut self, address: &str, at: usize) -> bool {
        let person = &mut self.people[at];
        person.life = Life::Unknown;
        let Some(answer) = send(address, "POST", "/auth/logout", Some(&person.access), None, "") else { return false };
        assert_eq!(answer.status, 200, "{}: {answer:?}", person.name);
        person.life = Life::Ended;
        true
    }

    fn register(&mut self, address: &str) -> bool {
        let id = Uuid::new_v4();
        self.resources.push(Resource { id, record: None, may_be: vec![None, Some("private")] });
        let body = json!({
            "service_name": SERVICE, "resource_type": "note", "resource_id": id, "workspace_id": self.facts.workspace,
            "owner_id": self.facts.owner_id, "visibility": "private",
        });
        let key = Some(self.facts.key.as_str());
        let Some(answer) = send(address, "POST", "/permissions/register", None, key, &body.to_string()) else {
            return false;
        };
        assert_eq!(answer.status, 201, "{answer:?}");
        let resource = self.resources.last_mut().unwrap();
        resource.record = Some(answer.json()["id"].as_str().unwrap().to_owned());
        resource.may_be = vec![Some("private")];
        true
    }

    fn show(&mut self, address: &str, at: usize) -> bool {
        let resource = &mut self.resources[at];
        let to = if resource.may_be == [Some("private")] { "workspace" } else { "private" };
        resource.may_be.push(Some(to));
        let path = format!("/permissions/{}/visibility", resource.record.as_ref().unwrap());
        let body = json!({ "visibility": to }).to_string();
        let (token, key) = (Some(self.facts.owner_token.as_str()), Some(self.facts.key.as_str()));
        let Some(answer) = send(address, "PATCH", &path, token, key, &body) else { return false };
        assert_eq!(answer.status, 200, "{answer:?}");
        resource.may_be = vec![Some(to)];
        true
    }

    fn deregister(&mut self, address: &str, at: usize) -> bool {
        let resource = &mut self.resources[at];
        resource.may_be.push(None);
        let key = Some(self.facts.key.as_str());
        let Some(answer) = send(address, "DELETE", &path(resource), None, key, "") else { return false };
        assert!((200..300).contains(&answer.status), "{answer:?}");
        resource.may_be = vec![None];
        true
    }

    /// After a kill: everything is as it was answered, and what was not answered is one or the other from here on.
    pub(crate) fn check(&mut self, address: &str) {
        self.check_people(address);
        self.check_resources(address);
    }

    fn check_resources(&mut self, address: &str) {
        for resource in &mut self.resources {
            let answer = send(address, "GET", &path(resource), None, Some(&self.facts.key), "").unwrap();
            let found = match answer.status {
                200 => Some(if answer.json()["visibility"] == "private" { "private" } else { "workspace" }),
                404 => None,
                _ => panic!("{answer:?}"),
            };
            assert!(resource.may_be.contains(&found), "{}: {found:?} of {:?}", resource.id, resource.may_be);
            if let Some(record) = answer.json()["id"].as_str() {
                assert!(
                    resource.record.as_ref().is_none_or(|known| known == record),
                    "{}: another record",
                    resource.id
                );
                resource.record = Some(record.to_owned());
            }
            resource.may_be = vec![found];
        }
    }

    fn check_people(&mut self, address: &str) {
        // Lost answers come again for ten seconds: these first.
        self.people.sort_by_key(|person| person.asked.is_none());
        for person in &mut self.people {
            let held = holds(address, &person.access);
            match person.life {
                Life::Alive => assert!(held, "client {}: {} was logged out by nobody", self.number, person.name),
                Life::Unknown => person.life = if held { Life::Alive } else { Life::Ended },
                Life::Ended => assert!(!held, "{} was logged out and lives again", person.name),
            }
            // Its successor may have been made and not answered: it is that one, then, and not another.
            let answer = refresh(address, &person.refresh).unwrap();
            if person.life == Life::Ended {
                assert_eq!(answer.status, 401, "{}: an ended session goes on: {answer:?}", person.name);
                continue;
            }
            if answer.status == 401 && person.asked.is_some_and(|asked| asked.elapsed() > GRACE) {
                // A machine so slow that the lost answer is asked for too late: used twice, that ends the session.
                person.life = Life::Ended;
                continue;
            }
            person.asked = None;
            // A server that had lost the last answered rotation would not know this token yet.
            assert_eq!(answer.status, 200, "{}: an answered rotation is lost: {answer:?}", person.name);
            let again = refresh(address, &person.refresh).unwrap();
            assert_eq!(again.status, 200, "{again:?}");
            let child = |answer: &Answer| answer.json()["refresh_token"].as_str().unwrap().to_owned();
            assert_eq!(claims(&child(&answer)), claims(&child(&again)), "{}: two live children", person.name);
            person.learn(&answer.json());
        }
    }

    /// What was used before is a copy: it ends its session, and the live token with it.
    pub(crate) fn close(&mut self, address: &str) {
        for person in &mut self.people {
            if let Some(old) = person.used.first().filter(|_| person.life == Life::Alive && person.used.len() > 1) {
                assert_eq!(refresh(address, old).unwrap().status, 401, "{}: an old token is alive", person.name);
                person.life = Life::Ended;
            }
            if person.life == Life::Ended {
                assert_eq!(refresh(address, &person.refresh).unwrap().status, 401, "{}", person.name);
                assert!(!holds(address, &person.access), "{}", person.name);
            }
        }
    }
}

fn path(resource: &Resource) -> String {
    format!("/permissions/resource/{SERVICE}/note/{}", resource.id)
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn refresh(address: &str, token: &str) -> Option<Answer> {
    let body = json!({ "refresh_token": token }).to_string();
    send(address, "POST", "/auth/refresh", None, None, &body)
}

fn holds(address: &str, token: &str) -> bool {
    let answer = send(address, "GET", "/users/me", Some(token), None, "").unwrap();
    assert!(matches!(answer.status, 200 | 401), "{answer:?}");
    answer.status == 200
}

/// `None`: no answer, or not all of it.
fn send(address: &str, method: &str, path: &str, token: Option<&str>, key: Option<&str>, body: &str) -> Option<Answer> {
    let mut socket = TcpStream::connect(address).ok()?;
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
    headers.extend(key.map(|key| ("X-Service-Key", key)));
    ask(&mut socket, method, path, &format!("Host: {address}\r\n"), &headers, body).ok()
}
