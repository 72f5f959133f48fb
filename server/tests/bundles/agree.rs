//! Random writes by both ways in, and then every question: the server, the service's bundle and each person's slice say
//! the same, however they came to where they are.

use sentinel_storage::{StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::holder::{Got, Holder, workspace};
use crate::server::{Credential, NOTES, Person, ROOT, TASKS, World, cases};

cases! { everybody_says_the_same }

const MODEL: &str = r#"{ "schema_version": "1.1", "type_definitions": [
    { "type": "folder", "relations": {
        "parent": { "this": {} }, "owner": { "this": {} }, "blocked": { "this": {} },
        "viewer": { "union": { "child": [{ "this": {} }, { "computedUserset": { "relation": "owner" } },
            { "tupleToUserset": { "tupleset": { "relation": "parent" }, "computedUserset": { "relation": "viewer" } } }] } },
        "can_read": { "difference": { "base": { "computedUserset": { "relation": "viewer" } },
            "subtract": { "computedUserset": { "relation": "blocked" } } } } },
      "metadata": { "relations": {
        "parent": { "directly_related_user_types": [{ "type": "folder" }] },
        "owner": { "directly_related_user_types": [{ "type": "user" }] },
        "blocked": { "directly_related_user_types": [{ "type": "user" }, { "type": "group", "relation": "member" }] },
        "viewer": { "directly_related_user_types":
            [{ "type": "user" }, { "type": "user", "wildcard": {} }, { "type": "group", "relation": "member" }] } } } } ] }"#;
const FOLDERS: usize = 5;
const ROUNDS: usize = 6;

/// A generator of numbers (Marsaglia's xorshift): the same writes for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

struct Play {
    world: World,
    random: Random,
    people: Vec<Person>,
    groups: Vec<Uuid>,
    notes: Vec<(Uuid, Uuid, Person)>,
}

impl Play {
    /// One change, which may come to nothing: by the façade, or by OpenFGA's API.
    async fn change(&mut self) {
        let (server, lab) = (&self.world.server, self.world.lab);
        let person = self.random.one_of(&self.people).clone();
        let group = *self.random.one_of(&self.groups);
        let request = |method: &str, path: &str, credential: Credential<'_>, body: Value| {
            let request = credential.on(server.request(method, path)).header("content-type", "application/json");
            request.body(body.to_string()).send()
        };
        let ada = &self.world.ada;
        let answer = match self.random.below(9) {
            0 => {
                let visibility = *self.random.one_of(&["private", "workspace"]);
                let (record, note) = self.world.note(NOTES, person.id, visibility).await;
                self.notes.push((record, note, person));
                return;
            }
            1 | 2 => {
                let (record, _, owner) = self.random.one_of(&self.notes).clone();
                let (kind, grantee) = *self.random.one_of(&[("user", person.id), ("group", group)]);
                let (method, permission) =
                    *self.random.one_of(&[("POST", "view"), ("POST", "edit"), ("DELETE", "view")]);
                let body = json!({ "grantee_type": kind, "grantee_id": grantee, "permission": permission });
                let path = format!("/permissions/{record}/share");
                request(method, &path, Credential::Both(NOTES, &owner.token), body).await
            }
            3 => {
                let (record, _, owner) = self.random.one_of(&self.notes).clone();
                let body = json!({ "visibility": self.random.one_of(&["private", "workspace"]) });
                let path = format!("/permissions/{record}/visibility");
                request("PATCH", &path, Credential::Both(NOTES, &owner.token), body).await
            }
            4 => {
                let method = *self.random.one_of(&["POST", "DELETE"]);
                let path = format!("/workspaces/{lab}/groups/{group}/members/{}", person.id);
                request(method, &path, Credential::Bearer(&ada.token), json!({})).await
            }
            _ => {
                let folder = |at: usize| format!("folder:{at}");
                let (object, other) = (folder(self.random.below(FOLDERS)), folder(self.random.below(FOLDERS)));
                let who = [format!("user:{}", person.id), format!("group:{group}#member"), "user:*".into()];
                let (relation, user) = match self.random.below(6) {
                    0 => ("parent", other),
                    1 => ("owner", who[0].clone()),
                    2 => ("blocked", who[self.random.below(2)].clone()),
                    _ => ("viewer", who[self.random.below(3)].clone()),
                };
                let key = json!({ "object": object, "relation": relation, "user": user });
                let list = *self.random.one_of(&["writes", "writes", "deletes"]);
                let path = format!("/stores/{}/write", self.world.store().await.id);
                request("POST", &path, Credential::Bearer(ROOT), json!({ list: { "tuple_keys": [key] } })).await
            }
        };
        // What is there already, or not there, is refused, and that is no fault.
        let status = answer.unwrap().status().as_u16();
        assert!(status < 500, "{status}");
    }

    /// Every question of a person to every object.
    fn questions(&self) -> Vec<(String, &'static str)> {
        let folders = (0..FOLDERS).map(|at| format!("folder:{at}"));
        let folders = folders.flat_map(|at| ["viewer", "can_read", "owner", "blocked"].map(|of| (at.clone(), of)));
        let notes = self.notes.iter().map(|(_, note, _)| format!("resource:notes/note/{note}"));
        let notes = notes.flat_map(|at| ["view", "edit", "owner", "shared_view"].map(|of| (at.clone(), of)));
        let groups = self.groups.iter().map(|group| (format!("group:{group}"), "member"));
        let lab = self.world.lab;
        let roles = ["owner", "admin", "editor", "viewer"].map(|of| (format!("workspace:{lab}"), of));
        folders.chain(notes).chain(groups).chain(roles).collect()
    }

    async fn answers(&self, person: Uuid, questions: &[(String, &'static str)]) -> Vec<bool> {
        let mut answers = Vec::with_capacity(questions.len());
        for batch in questions.chunks(50) {
            let checks: Vec<Value> = (0..)
                .zip(batch)
                .map(|(at, (object, relation)): (usize, _)| {
                    let key = json!({ "object": object, "relation": relation, "user": format!("user:{person}") });
                    json!({ "tuple_key": key, "correlation_id": at.to_string() })
                })
                .collect();
            let body = json!({ "checks": checks, "consistency": "HIGHER_CONSISTENCY" });
            let found = self.world.fga("POST", "batch-check", &body).await;
            answers.extend((0..batch.len()).map(|at| found["result"][at.to_string()]["allowed"].as_bool().unwrap()));
        }
        answers
    }
}

async fn everybody_says_the_same(place: StoreOptions) {
    let world = World::new(place).await;
    let people = vec![world.ada.clone(), world.bob.clone(), world.eve.clone()];
    world.fga("POST", "authorization-models", &serde_json::from_str(MODEL).unwrap()).await;
    // Of another workspace, another service and another person: none of them may stand in a slice.
    let stranger = world.server.user("stranger").await;
    world.server.workspace("elsewhere", &[(stranger, WorkspaceRole::Owner)]).await;
    let (_, task) = world.note(TASKS, world.ada.id, "private").await;
    let mut play = Play { world, random: Random(0x5eed), people, groups: Vec::new(), notes: Vec::new() };
    for name in ["one", "two"] {
        let path = format!("/workspaces/{}/groups", play.world.lab);
        let credential = Credential::Bearer(&play.world.ada.token);
        let made = play.world.server.call("POST", &path, &credential, &json!({ "name": name })).await;
        play.groups.push(made["id"].as_str().unwrap().parse().unwrap());
    }
    let (record, note) = play.world.note(NOTES, play.world.bob.id, "private").await;
    play.notes.push((record, note, play.world.bob.clone()));

    let server = &play.world.server;
    let (lab, key) = (workspace(play.world.lab), Credential::Key(NOTES));
    let mut all = Holder::new(server, &play.world.path("/services/notes"), "notes", lab.clone().of_service("notes"));
    let slice = |person: &Person| {
        let scope = lab.clone().of_user(&format!("user:{}", person.id));
        Holder::new(&play.world.server, &play.world.path("/me"), "sentinel:slice", scope)
    };
    let mut slices: Vec<Holder> = play.people.iter().map(slice).collect();
    let (mut deltas, mut asked, mut allowed) = (0, 0, 0);
    for _ in 0..ROUNDS {
        for _ in 0..12 {
            play.change().await;
        }
        let server = &play.world.server;
        deltas += usize::from(all.refresh(server, &key).await == Got::Delta);
        // What many deltas led to is what there is now.
        let mut anew = Holder::new(server, &all.path, "notes", lab.clone().of_service("notes"));
        anew.refresh(server, &key).await;
        assert_eq!((all.tuples(), all.manifest().state), (anew.tuples(), anew.manifest().state));
        let questions = play.questions();
        for (person, slice) in play.people.iter().zip(&mut slices) {
            let got = slice.refresh(server, &Credential::Bearer(&person.token)).await;
            deltas += usize::from(got == Got::Delta);
            let answers = play.answers(person.id, &questions).await;
            for ((object, relation), answer) in questions.iter().zip(answers) {
                let of_all = all.check(server, object, relation, person.id);
                let of_slice = slice.check(server, object, relation, person.id);
                assert_eq!((of_all, of_slice), (Ok(answer), Ok(answer)), "{object}#{relation}@user:{}", person.id);
                asked += 1;
                allowed += usize::from(answer);
            }
            // A delta may name what its holder has had until now.
            let scope = lab.clone().of_user(&format!("user:{}", person.id));
            let mut whole = Holder::new(server, &slice.path, "sentinel:slice", scope);
            whole.refresh(server, &Credential::Bearer(&person.token)).await;
            assert_eq!((whole.tuples(), whole.manifest().state), (slice.tuples(), slice.manifest().state));
            names_nobody_else(&play, person, &whole, &questions, &[stranger, task]).await;
        }
    }
    assert!(deltas > ROUNDS && asked > 500 && allowed > 50, "{deltas} {asked} {allowed}");
}

/// That a slice, read back whole and as bytes, has no id but its user's own and those of what they have a relation to.
async fn names_nobody_else(
    play: &Play,
    person: &Person,
    slice: &Holder,
    questions: &[(String, &'static str)],
    never: &[Uuid],
) {
    let answers = play.answers(person.id, questions).await;
    let reached = |object: &str| questions.iter().zip(&answers).any(|((of, _), yes)| of == object && *yes);
    let text = slice.tuples().join("\n");
    let raw = String::from_utf8_lossy(&slice.frame).into_owned();
    let absent =
        |id: &str| assert!(!text.contains(id) && !raw.contains(id), "{id} in the slice of {}: {text}", person.id);
    for other in play.people.iter().filter(|other| other.id != person.id) {
        absent(&other.id.to_string());
    }
    for group in play.groups.iter().filter(|group| !reached(&format!("group:{group}"))) {
        absent(&group.to_string());
    }
    for (_, note, _) in play.notes.iter().filter(|(_, note, _)| !reached(&format!("resource:notes/note/{note}"))) {
        absent(&note.to_string());
    }
    for id in never.iter().filter(|id| **id != person.id) {
        // The owner of the workspace administers every service's resources.
        if person.id != play.world.ada.id {
            absent(&id.to_string());
        }
    }
}
