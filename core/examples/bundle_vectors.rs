//! Prints `tests/policy/bundles.json`: bundles, what follows from them, and what is refused, step by step, for the runners
//! that ask bundles in WebAssembly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;
#[path = "../tests/support/signed.rs"]
mod signed;

use bundles::{AUDIENCE, ISSUER, NOW, base64url, workspace};
use sentinel_core::bundle::{
    Change, Digest, Draft, Kind, Known, Manifest, RevocationList, Revoked, Roles, Scope, Snapshot, frame, slice,
};
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Index};
use signed::{header, jwks, key, seal, sign};

const MODEL: &str = "
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define blocked: [user]
    define editor: [user]
    define viewer: [user, user:*, group#member, user with in_hours] or editor
    define can_read: viewer but not blocked
type folder
  relations
    define owner: [user]
condition in_hours(hour: int) {
  hour >= 9 && hour < 17
}
";

const TUPLES: [&str; 8] = [
    "document:plan#viewer@group:eng#member",
    "document:plan#blocked@user:carl",
    "document:open#viewer@user:*",
    "document:secret#editor@user:dora",
    "group:eng#member@user:beth",
    "group:eng#member@user:carl",
    "group:all#member@group:eng#member",
    "folder:home#owner@user:beth",
];

fn tuples(all: &[&str]) -> Vec<TupleKey> {
    all.iter().map(|text| TupleKey::parse(text).unwrap()).collect()
}

fn all_tuples() -> Vec<TupleKey> {
    let conditional = TupleKey::parse("document:hours#viewer@user:anne").unwrap().with_condition("in_hours", "");
    tuples(&TUPLES).into_iter().chain([conditional]).collect()
}

fn model() -> AuthorizationModel {
    AuthorizationModel::from_dsl(MODEL).unwrap()
}

fn roles() -> Roles {
    Roles::new([("editor", &["notes:write", "notes:read"][..]), ("viewer", &["notes:read"][..])])
}

fn revocations() -> RevocationList {
    RevocationList::new(
        b"salt",
        &[
            Revoked::Token("t1"),
            Revoked::Session("s1"),
            Revoked::User("u1", NOW - 60),
            Revoked::Member("u2", "w1", NOW),
        ],
    )
}

fn draft(scope: Scope, revision: u64, issued_at: i64) -> Draft {
    Draft { issuer: ISSUER.into(), audience: AUDIENCE.into(), scope, revision, issued_at, not_after: issued_at + 300 }
}

fn whole(index: &Index, claims: &[TupleKey], types: Option<&[&str]>) -> Vec<u8> {
    let (model, roles, revocations) = (model(), roles(), revocations());
    Snapshot { model: &model, index, roles: &roles, revocations: &revocations, claims, types }.body().unwrap()
}

fn full(scope: Scope, revision: u64, issued_at: i64, body: &[u8]) -> (Manifest, Vec<u8>) {
    let manifest = draft(scope, revision, issued_at).full(Kind::Full, body, None, None);
    let file = seal(&manifest, body);
    (manifest, file)
}

/// As JSON, whose members' order is not left to the features of a library.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Steps of one item, each an object with what it expects.
struct Item {
    name: &'static str,
    scope: Scope,
    steps: Vec<String>,
}

impl Item {
    fn new(name: &'static str, scope: Scope) -> Self {
        Self { name, scope, steps: Vec::new() }
    }

    fn step(mut self, what: &str, expect: &str) -> Self {
        self.steps.push(format!("{{{what},\"expect\":{expect}}}"));
        self
    }

    fn open(self, file: &[u8], expect: &str) -> Self {
        self.step(&format!("\"open\":\"{}\"", base64url(file)), expect)
    }

    /// With what is remembered of earlier ones.
    fn open_after(self, file: &[u8], known: &str, expect: &str) -> Self {
        self.step(&format!("\"open\":\"{}\",\"known\":{}", base64url(file), text(known)), expect)
    }

    fn apply(self, file: &[u8], expect: &str) -> Self {
        self.step(&format!("\"apply\":\"{}\"", base64url(file)), expect)
    }

    fn at(self, second: i64) -> Self {
        self.step(&format!("\"at\":{second}"), "null")
    }

    /// `object#relation@user`.
    fn check(self, question: &str, more: &str, expect: &str) -> Self {
        let key = TupleKey::parse(question).unwrap();
        let parts = [key.user(), key.relation(), key.object()].map(text);
        let [user, relation, object] = parts;
        self.step(&format!("\"check\":{{\"user\":{user},\"relation\":{relation},\"object\":{object}{more}}}"), expect)
    }

    fn json(self) -> String {
        let Scope { workspace, service, user } = &self.scope;
        let mut settings =
            format!("\"issuer\":{},\"audience\":{},\"workspace\":{}", text(ISSUER), text(AUDIENCE), text(workspace));
        for (name, value) in [("service", service), ("user", user)] {
            if let Some(value) = value {
                settings.push_str(&format!(",{}:{}", text(name), text(value)));
            }
        }
        format!(
            "{{\"name\":{},\"settings\":{{{settings},\"jwks\":{}}},\"now\":{NOW},\"steps\":[\n{}\n]}}",
            text(self.name),
            jwks(&key(7)),
            self.steps.join(",\n")
        )
    }
}

const YES: &str = "true";
const NO: &str = "false";
const INVALID: &str = "\"bundle_invalid\"";
const STALE: &str = "\"bundle_stale\"";
const UNDECIDED: &str = "\"undecided\"";

fn main() {
    let items = [
        a_workspace(),
        a_service(),
        a_slice(),
        deltas(),
        rollback(),
        another_place(),
        another_signature(),
        manifests(),
        sections(),
        damage(),
    ];
    let items: Vec<String> = items.into_iter().map(Item::json).collect();
    println!("{{\"suite\":\"bundles\",\"bundles\":[\n{}\n]}}", items.join(",\n"));
}

fn index() -> Index {
    Index::from_tuples(&all_tuples()).unwrap()
}

fn a_workspace() -> Item {
    let (manifest, file) = full(workspace(), 7, NOW, &whole(&index(), &[], None));
    let at_work = ",\"context\":{\"hour\":10}";
    let as_member = ",\"contextualTuples\":[{\"user\":\"user:eve\",\"relation\":\"member\",\"object\":\"group:eng\"}]";
    Item::new("a workspace", workspace())
        .open(&file, YES)
        .step("\"is\":true", &format!("[7,{},{},\"{}\"]", NOW * 1000, (NOW + 300) * 1000, manifest.state))
        .check("document:plan#can_read@user:beth", "", YES)
        .check("document:plan#can_read@user:carl", "", NO)
        .check("document:plan#viewer@user:carl", "", YES)
        .check("document:open#can_read@user:zoë", "", YES)
        .check("document:secret#viewer@user:dora", "", YES)
        .check("document:secret#viewer@user:beth", "", NO)
        .check("document:plan#viewer@user:eve", "", NO)
        .check("document:plan#viewer@user:eve", as_member, YES)
        .check("document:hours#viewer@user:anne", "", UNDECIDED)
        .check("document:hours#viewer@user:anne", at_work, "{\"full\":true,\"slim\":\"undecided\"}")
        .check(
            "document:hours#viewer@user:anne",
            ",\"context\":{\"hour\":20}",
            "{\"full\":false,\"slim\":\"undecided\"}",
        )
        .check("document:plan#can_read@user:beth", ",\"atLeast\":7", YES)
        .check("document:plan#can_read@user:beth", ",\"atLeast\":8", STALE)
        .check("document:plan#can_read@user:beth", ",\"atLeast\":-1", "\"configuration_invalid\"")
        .check("document:plan#can_write@user:beth", "", "\"configuration_invalid\"")
        .step(
            "\"list\":{\"user\":\"user:beth\",\"relation\":\"can_read\",\"type\":\"document\"}",
            "[\"document:open\",\"document:plan\"]",
        )
        .step("\"list\":{\"user\":\"user:nobody\",\"relation\":\"owner\",\"type\":\"folder\"}", "[]")
        .step("\"allows\":[\"editor\",\"notes:write\"]", YES)
        .step("\"allows\":[\"viewer\",\"notes:write\"]", NO)
        .step("\"allows\":[\"owner\",\"notes:read\"]", NO)
        .step("\"allows\":[null,\"notes:read\"]", "\"configuration_invalid\"")
        .step("\"revoked\":{\"jti\":\"t1\"}", YES)
        .step("\"revoked\":{\"jti\":\"t2\",\"sid\":\"s1\"}", YES)
        .step(&format!("\"revoked\":{{\"jti\":\"t2\",\"sub\":\"u1\",\"iat\":{}}}", NOW - 61), YES)
        .step(&format!("\"revoked\":{{\"jti\":\"t2\",\"sub\":\"u1\",\"iat\":{}.5}}", NOW - 60), NO)
        .step(&format!("\"revoked\":{{\"jti\":\"t2\",\"sub\":\"u2\",\"wid\":\"w1\",\"iat\":{}}}", NOW - 1), YES)
        .step("\"revoked\":{\"jti\":\"t2\",\"sub\":\"u2\",\"wid\":\"w2\"}", NO)
        .step("\"revoked\":{\"sub\":\"u9\"}", "\"claim_missing\"")
        .step("\"revoked\":{\"jti\":\"t2\",\"sub\":\"u1\"}", "\"claim_missing\"")
        .at(NOW + 299)
        .check("document:plan#can_read@user:beth", "", YES)
        .at(NOW + 300)
        .check("document:plan#can_read@user:beth", "", STALE)
        .step("\"list\":{\"user\":\"user:beth\",\"relation\":\"can_read\",\"type\":\"document\"}", STALE)
        .step("\"allows\":[\"editor\",\"notes:write\"]", STALE)
        .step("\"revoked\":{\"jti\":\"t2\",\"sub\":\"u9\",\"iat\":1}", STALE)
        .apply(&file, STALE)
}

fn a_service() -> Item {
    let scope = || workspace().of_service("notes");
    let (_, file) = full(scope(), 7, NOW, &whole(&index(), &[], Some(&["document", "group", "user"])));
    Item::new("a service's types", scope())
        .open(&file, YES)
        .check("document:plan#can_read@user:beth", "", YES)
        .check("group:all#member@user:beth", "", YES)
        .check("folder:home#owner@user:beth", "", UNDECIDED)
        .check("nothing:home#owner@user:beth", "", UNDECIDED)
}

fn a_slice() -> Item {
    let scope = || workspace().of_user("user:anne");
    let claims = tuples(&["group:eng#member@user:anne"]);
    let compiled = CompiledModel::compile(&model()).unwrap();
    let index = slice(&compiled, &index(), "user:anne", &claims, 100_000).unwrap();
    let (_, file) = full(scope(), 7, NOW, &whole(&index, &claims, None));
    let claimed = ",\"contextualTuples\":[{\"user\":\"user:anne\",\"relation\":\"member\",\"object\":\"group:eng\"}]";
    let other = ",\"contextualTuples\":[{\"user\":\"user:anne\",\"relation\":\"member\",\"object\":\"group:all\"}]";
    Item::new("a user's slice", scope())
        .open(&file, YES)
        .check("document:open#can_read@user:anne", "", YES)
        .check("document:plan#can_read@user:anne", "", NO)
        .check("document:plan#can_read@user:anne", claimed, YES)
        .check("document:plan#can_read@user:anne", other, UNDECIDED)
        .check("document:open#can_read@user:beth", "", UNDECIDED)
        .check("document:plan#can_read@user:beth", "", UNDECIDED)
        .step("\"allows\":[null,\"notes:write\"]", YES)
        .step("\"allows\":[null,\"notes:delete\"]", NO)
}

fn deltas() -> Item {
    let body = whole(&index(), &[], None);
    let (first, file) = full(workspace(), 7, NOW, &body);
    let added = tuples(&["document:plan#viewer@user:eve", "document:new#viewer@user:*"]);
    let removed = tuples(&["document:plan#blocked@user:carl"]);
    let follows = |before: &Manifest, change: &Change<'_>, revision, issued_at, state| {
        let body = change.body().unwrap();
        let draft = draft(workspace(), revision, issued_at);
        let manifest = draft.following(Kind::Delta, &body, (before.revision, before.state), state);
        let file = seal(&manifest, &body);
        (manifest, file)
    };
    let change = Change { added: &added, removed: &removed, ..Change::default() };
    let (second, delta) = follows(&first, &change, 8, NOW + 10, None);
    // Only the time is another: the state keeps its name.
    let (renewed, renewal) = follows(&second, &Change::default(), 8, NOW + 100, Some(second.state));
    let only = Roles::new([("viewer", &["notes:write"][..])]);
    let (third, other_roles) =
        follows(&renewed, &Change { roles: Some(&only), ..Change::default() }, 8, NOW + 110, None);
    let (_, earlier) = follows(&third, &Change::default(), 9, NOW + 50, None);
    let gone = Change { removed: &removed, ..Change::default() };
    let (_, not_there) = follows(&third, &gone, 9, NOW + 120, None);
    let next = Index::from_tuples(&all_tuples()[1..]).unwrap();
    let (_, later) = full(workspace(), 12, NOW + 120, &whole(&next, &[], None));
    let (_, older) = full(workspace(), 7, NOW + 150, &body);
    Item::new("deltas", workspace())
        .open(&delta, STALE)
        .open(&file, YES)
        .check("document:plan#can_read@user:carl", "", NO)
        .apply(&file, NO)
        .apply(&delta, YES)
        .check("document:plan#can_read@user:carl", "", YES)
        .check("document:plan#can_read@user:eve", "", YES)
        .check("document:new#can_read@user:zoë", "", YES)
        .step("\"is\":true", &format!("[8,{},{},\"{}\"]", (NOW + 10) * 1000, (NOW + 310) * 1000, second.state))
        .apply(&delta, STALE)
        .apply(&file, STALE)
        .apply(&renewal, NO)
        .at(NOW + 399)
        .check("document:plan#can_read@user:eve", "", YES)
        .step("\"allows\":[\"viewer\",\"notes:write\"]", NO)
        .apply(&other_roles, YES)
        .step("\"allows\":[\"viewer\",\"notes:write\"]", YES)
        .apply(&renewal, STALE)
        .apply(&earlier, STALE)
        .apply(&not_there, STALE)
        .apply(&older, STALE)
        .check("document:plan#can_read@user:eve", "", YES)
        .apply(&later, YES)
        .check("document:plan#viewer@user:beth", "", NO)
        .check("document:new#can_read@user:zoë", "", NO)
        .apply(&other_roles, STALE)
}

fn rollback() -> Item {
    let body = whole(&index(), &[], None);
    let (manifest, file) = full(workspace(), 7, NOW, &body);
    let known = Known::of(&manifest);
    let with = |revision, issued_at| Known { revision, issued_at, ..known }.to_text();
    let forked = Known { state: Digest([0; 32]), ..known }.to_text();
    Item::new("an older one than was seen", workspace())
        .open_after(&file, &known.to_text(), YES)
        .open_after(&file, &with(6, NOW + 100), YES)
        .open_after(&file, &with(8, NOW - 100), STALE)
        .open_after(&file, &with(7, NOW + 1), STALE)
        .open_after(&file, &forked, INVALID)
        .open_after(&file, "nonsense", "\"unavailable\"")
        .step("\"place\":true", &text(&manifest.place()))
}

fn another_place() -> Item {
    let body = whole(&index(), &[], None);
    let mut item = Item::new("for another place", workspace());
    for scope in [Scope::workspace("w2"), workspace().of_service("notes"), workspace().of_user("user:anne")] {
        item = item.open(&full(scope, 7, NOW, &body).1, INVALID);
    }
    for draft in [
        Draft { issuer: "https://evil.example.com".into(), ..draft(workspace(), 7, NOW) },
        Draft { audience: "tasks".into(), ..draft(workspace(), 7, NOW) },
    ] {
        item = item.open(&seal(&draft.full(Kind::Full, &body, None, None), &body), INVALID);
    }
    let (_, file) = full(workspace(), 7, NOW, &body);
    let (_, expired) = full(workspace(), 7, NOW - 300, &body);
    let list = sentinel_core::bundle::revocations(&revocations());
    let revoked = seal(&draft(workspace(), 7, NOW).full(Kind::Revocations, &list, None, None), &list);
    item.open(&expired, STALE)
        .open(&revoked, INVALID)
        .open(&[], INVALID)
        .open(b"SNTB", INVALID)
        .open(&[&file[..], &[0]].concat(), INVALID)
        .open(&file, YES)
}

fn another_signature() -> Item {
    let body = whole(&index(), &[], None);
    let (manifest, file) = full(workspace(), 7, NOW, &body);
    let payload = manifest.to_json();
    let signed = |seed, header: &str| frame(&sign(&key(seed), header, &payload), &body);
    let mut item = Item::new("signed otherwise", workspace()).open(&signed(8, &header()), INVALID);
    for (header, expect) in [
        (header().replace("vectors", "another"), "\"key_not_found\""),
        (r#"{"alg":"ES256","kid":"vectors"}"#.into(), INVALID),
        (r#"{"alg":"ES256","kid":"vectors","typ":"JWT"}"#.into(), INVALID),
        (header().replace("ES256", "none"), INVALID),
        (header().replace("ES256", "HS256"), INVALID),
        (header().replace("ES256", "ES384"), "\"key_unusable\""),
        (header().replace('{', r#"{"crit":["x"],"x":1,"#), INVALID),
    ] {
        item = item.open(&signed(7, &header), expect);
    }
    // The same manifest before another body, and before one of the same length.
    let other = whole(&Index::from_tuples(&all_tuples()[1..]).unwrap(), &[], None);
    let mut changed = body.clone();
    *changed.last_mut().unwrap() ^= 1;
    let manifest = sign(&key(7), &header(), &payload);
    item.open(&frame(&manifest, &other), INVALID).open(&frame(&manifest, &changed), INVALID).open(&file, YES)
}

fn manifests() -> Item {
    let body = whole(&index(), &[], None);
    let (manifest, file) = full(workspace(), 7, NOW, &body);
    let payload = manifest.to_json();
    let mut item = Item::new("a manifest that says too little or too much", workspace());
    for (from, to) in [
        ("\"kind\":\"full\"", "\"kind\":\"whole\""),
        ("\"kind\":\"full\"", "\"kind\":\"delta\""),
        ("\"revision\":7", "\"revision\":-1"),
        ("\"revision\":7", "\"revision\":7.5"),
        ("\"revision\":7", "\"revision\":7,\"only\":\"readers\""),
        ("\"revision\":7", "\"revision\":7,\"from\":0"),
        ("\"revision\":7", "\"revision\":7,\"user\":7"),
        ("\"workspace\":\"w1\",", ""),
        ("\"aud\":\"notes\"", "\"aud\":[\"notes\"]"),
        ("\"iat\":1800000000,", ""),
        ("\"exp\":1800000300,", ""),
        ("\"exp\":1800000300", "\"exp\":1800000300.5"),
        ("\"length\":", "\"length\":1"),
        ("\"sha256\":\"", "\"sha256\":\"A"),
    ] {
        assert!(payload.contains(from), "{from}");
        item = item.open(&frame(&sign(&key(7), &header(), &payload.replace(from, to)), &body), INVALID);
    }
    item.open(&file, YES)
}

/// Signed as it must be, and still not what a body is.
fn sections() -> Item {
    let body = whole(&index(), &tuples(&["group:eng#member@user:anne"]), Some(&["document", "group", "user"]));
    let mut sections: Vec<&[u8]> = Vec::new();
    let mut rest = &body[2..];
    while !rest.is_empty() {
        let (length, head) = if rest[1] < 0x80 {
            (usize::from(rest[1]), 2)
        } else {
            (usize::from(rest[1] & 0x7f) | usize::from(rest[2]) << 7, 3)
        };
        let (section, others) = rest.split_at(head + length);
        sections.push(section);
        rest = others;
    }
    let signed = |body: &[u8]| full(workspace(), 7, NOW, body).1;
    let whole = |sections: &[&[u8]]| signed(&[&body[..2], &sections.concat()].concat());
    let mut item = Item::new("sections swapped, twice, and left out", workspace()).open(&whole(&sections), YES);
    for at in 0..sections.len() - 1 {
        let mut swapped = sections.clone();
        swapped.swap(at, at + 1);
        item = item.open(&whole(&swapped), INVALID);
        // Tuples and claims have one form: only the manifest's digest tells which is which.
        if [sections[at][0], sections[at + 1][0]] == [6, 8] {
            continue;
        }
        let mut renamed: Vec<Vec<u8>> = swapped.iter().map(|section| section.to_vec()).collect();
        for (section, original) in renamed.iter_mut().zip(&sections) {
            section[0] = original[0];
        }
        let renamed: Vec<&[u8]> = renamed.iter().map(Vec::as_slice).collect();
        item = item.open(&whole(&renamed), INVALID);
        let mut twice = sections.clone();
        twice.insert(at, sections[at]);
        item = item.open(&whole(&twice), INVALID);
    }
    // The model, the words and the names must be there.
    for at in 0..3 {
        let mut fewer = sections.clone();
        fewer.remove(at);
        item = item.open(&whole(&fewer), INVALID);
    }
    for change in [[2, 1], [1, 2], [0, 1]] {
        item = item.open(&signed(&[&change, &body[2..]].concat()), INVALID);
    }
    item
}

/// The runner changes every bit, and cuts at every length; what is held answers all the while.
fn damage() -> Item {
    let index = Index::from_tuples(&tuples(&["document:plan#viewer@user:beth"])).unwrap();
    let model = AuthorizationModel::from_dsl(
        "model\n  schema 1.1\ntype user\ntype document\n  relations\n    define viewer: [user]\n",
    );
    let (model, roles, revocations) = (model.unwrap(), Roles::default(), RevocationList::default());
    let snapshot =
        Snapshot { model: &model, index: &index, roles: &roles, revocations: &revocations, claims: &[], types: None };
    let (_, file) = full(workspace(), 7, NOW, &snapshot.body().unwrap());
    let mut item = Item::new("every bit and every length", workspace()).open(&file, YES);
    for start in (0..file.len()).step_by(64) {
        // Of the file that was opened.
        item = item.step(&format!("\"damage\":[{start},{}]", (start + 64).min(file.len())), "null");
    }
    item.check("document:plan#viewer@user:beth", "", YES)
}
