//! The built-in tuples of a workspace's store say what its rows say, and what the built-in model makes of them is what
//! the seven steps are over the rows: after whatever happened, one after the other or at once.

use std::collections::BTreeSet;

use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Evaluator, Index};
use sentinel_storage::{
    AccessibleQuery, Connection, Grantee, MemberFilter, PageRequest, Permission, ResourceFilter, ResourceForUser,
    Store, TupleFilter, TupleName, Visibility, WorkspaceRole as Role, Written, is_built_in, resource_id, resources_of,
    user_name,
};
use uuid::Uuid;

use crate::groups::group;
use crate::harness::{NOW, begin, cases, read};
use crate::history::{Cast, KINDS, Random};
use crate::resources::document;
use crate::shares::share;
use crate::tuples::{ANY, name, tuple};
use crate::users::people;
use crate::workspaces::workspace;

fn text(name: &TupleName) -> String {
    format!("{}:{}#{}@{}", name.object_type, name.object_id, name.relation, name.subject)
}

pub(crate) async fn tuples(db: &mut Connection, store: i64) -> BTreeSet<String> {
    let found = db.tuples(store, &TupleFilter::default(), None, 10_000, NOW).await.unwrap();
    found.iter().map(|tuple| text(&tuple.name)).collect()
}

/// What the rows say, read as pages read them.
pub(crate) async fn said(db: &mut Connection, lab: Uuid) -> BTreeSet<String> {
    let page = PageRequest::first(100);
    let members = db.members(lab, &MemberFilter::default(), &page).await.unwrap().rows;
    let is_active = |id: Uuid| members.iter().any(|member| member.user_id == id && member.is_active);
    let mut said = BTreeSet::new();
    for member in members.iter().filter(|member| member.is_active) {
        said.insert(format!("workspace:{lab}#{}@user:{}", member.role, member.user_id));
    }
    for group in db.groups(lab, None, &page).await.unwrap().rows {
        for member in db.group_members(group.id, None, &page).await.unwrap().rows {
            if member.is_active {
                said.insert(format!("group:{}#member@user:{}", group.id, member.user_id));
            }
        }
        for member in db.groups_in_group(lab, group.id, None, &page).await.unwrap().rows {
            said.insert(format!("group:{}#member@group:{}#member", group.id, member.id));
        }
    }
    let filter = ResourceFilter { workspace_id: Some(lab), ..ResourceFilter::default() };
    for resource in db.resources(&filter, &page).await.unwrap().rows {
        let kind = resource.resource_type.replace(':', "~");
        let object = format!("resource:{}/{kind}/{}", resource.service_name, resource.resource_id);
        said.insert(format!("{object}#workspace@workspace:{lab}"));
        if resource.visibility == Visibility::Workspace {
            said.insert(format!("{object}#shown_to@workspace:{lab}"));
        }
        if is_active(resource.owner_id) {
            said.insert(format!("{object}#owner@user:{}", resource.owner_id));
        }
        for share in db.shares(resource.id).await.unwrap() {
            match share.grantee {
                Grantee::User(id) if !is_active(id) => {}
                Grantee::User(id) => drop(said.insert(format!("{object}#shared_{}@user:{id}", share.permission))),
                Grantee::Group(id) => {
                    said.insert(format!("{object}#shared_{}@group:{id}#member", share.permission));
                }
            }
        }
    }
    said
}

/// The seven steps over the rows.
fn steps(user: Uuid, role: Role, lab: Uuid, found: Option<&ResourceForUser>, action: Permission) -> bool {
    let Some(found) = found else { return false };
    let resource = &found.resource;
    resource.workspace_id == lab
        && (resource.owner_id == user
            || role >= Role::Admin
            || (resource.visibility == Visibility::Workspace && by_visibility(role, action))
            || [found.user_share, found.group_share].into_iter().flatten().any(|share| share >= action))
}

fn by_visibility(role: Role, action: Permission) -> bool {
    action == Permission::View || role >= Role::Editor
}

fn built_in_model() -> CompiledModel {
    let model = AuthorizationModel::from_dsl(include_str!("../../../src/service/policy/built_in.fga")).unwrap();
    model.validate().unwrap();
    CompiledModel::compile(&model).unwrap()
}

/// Compares the tuples with the rows and with their own log, and every answer with the seven steps'. Answers how many
/// questions were answered with yes.
async fn compare(store: &Store, cast: &Cast, model: &CompiledModel) -> usize {
    let (mut db, mut granted) = (read(store).await, 0);
    for lab in &cast.workspaces {
        let own = db.policy_store_of_workspace(*lab).await.unwrap().unwrap();
        let found = tuples(&mut db, own.number).await;
        assert_eq!(found, said(&mut db, *lab).await);
        assert_eq!(usize::try_from(own.tuple_count).unwrap(), found.len());
        let log = db.tuple_changes(own.number, &Default::default(), (0, 0), 1_000_000).await.unwrap();
        let mut followed = BTreeSet::new();
        for change in &log {
            let text = text(&change.name);
            assert!(if change.is_delete { followed.remove(&text) } else { followed.insert(text) });
        }
        assert_eq!(followed, found);
        let mut revisions: Vec<_> = log.iter().map(|change| change.revision).collect();
        revisions.dedup();
        assert!(revisions.into_iter().eq(1..=own.revision), "no revision is left out");

        let keys: Vec<TupleKey> = found.iter().map(|text| TupleKey::parse(text).unwrap()).collect();
        let mut index = Index::new((1, 2));
        index.extend(&keys).unwrap();
        // Made anew for each question: it cannot be held where the database is waited for.
        let engine = || Evaluator::new(model, &index);
        let coordinates: Vec<_> = cast.resources.iter().map(|(_, at)| *at).collect();
        for user in &cast.users {
            let role =
                db.member(*lab, *user).await.unwrap().filter(|member| member.is_active).map(|member| member.role);
            let rows = db.resources_for_user(*user, &coordinates).await.unwrap();
            for (action, relation) in [(Permission::View, "view"), (Permission::Edit, "edit")] {
                let name = user_name(*user);
                for (record, at) in &cast.resources {
                    let row = rows.iter().find(|row| row.resource.id == *record);
                    // Who is no member, or shut out, has no token to ask with.
                    let expected = role.is_some_and(|role| steps(*user, role, *lab, row, action));
                    let object = format!("resource:{}", resource_id(at));
                    assert_eq!(
                        engine().check(&object, relation, &name).unwrap(),
                        expected,
                        "{object} {relation} {name}"
                    );
                    granted += usize::from(expected);
                }
                let Some(role) = role.filter(|role| *role < Role::Admin) else { continue };
                let listed = engine().list_objects("resource", relation, &name).unwrap();
                for (service_name, resource_type) in KINDS {
                    let query = AccessibleQuery {
                        workspace_id: *lab,
                        service_name,
                        resource_type,
                        user_id: *user,
                        permission: action,
                        by_visibility: by_visibility(role, action),
                        limit: None,
                    };
                    let kind = format!("resource:{}", resources_of(service_name, resource_type));
                    let mut listed: Vec<Uuid> =
                        listed.iter().filter_map(|name| name.strip_prefix(&kind)?.parse().ok()).collect();
                    listed.sort_unstable();
                    assert_eq!(listed, db.accessible_resources(&query).await.unwrap(), "{kind} {relation} {name}");
                }
            }
        }
    }
    granted
}

async fn after_whatever_happened(store: Store) {
    let (cast, model) = (Cast::new(&store).await, built_in_model());
    let (mut random, mut granted) = (Random(0x5eed_5eed), 0);
    for step in 0..600 {
        cast.something_happens(&store, &mut random).await;
        if step % 10 == 0 {
            granted += compare(&store, &cast, &model).await;
        }
    }
    granted += compare(&store, &cast, &model).await;
    assert!(granted > 500, "only {granted} questions were answered with yes");
}

async fn when_it_happened_at_once(store: Store) {
    let (cast, model) = (Cast::new(&store).await, built_in_model());
    for round in 0..4 {
        let mut running = tokio::task::JoinSet::new();
        for one in 0..6 {
            let (cast, store) = (cast.clone(), store.clone());
            running.spawn(async move {
                let mut random = Random(0x1234_5678 + round * 100 + one);
                for _ in 0..25 {
                    cast.something_happens(&store, &mut random).await;
                }
            });
        }
        running.join_all().await;
        compare(&store, &cast, &model).await;
    }
}

async fn written_through_the_rows_alone(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Viewer)]).await;
    let own = read(&store).await.policy_store_of_workspace(lab).await.unwrap().unwrap();
    let there = format!("workspace:{lab}#viewer@user:{ada}");
    for forged in
        [format!("workspace:{lab}#owner@user:{ada}"), "user:x#self@user:y".into(), "group:g#member@user:y".into()]
    {
        let mut db = begin(&store).await;
        let both = [tuple("doc:1#viewer@user:ada"), tuple(&forged)];
        let refused = db.write_tuples(own.number, &both, &[], ANY, NOW).await.unwrap();
        assert_eq!(refused, Written::BuiltIn(name(&forged)));
        db.commit().await.unwrap();
    }
    let mut db = begin(&store).await;
    let refused = db.write_tuples(own.number, &[], &[name(&there)], ANY, NOW).await.unwrap();
    assert_eq!(refused, Written::BuiltIn(name(&there)));
    drop(db);
    assert_eq!(tuples(&mut read(&store).await, own.number).await, [there].into());
    // Elsewhere the same names are like any others.
    let other = crate::policy_stores::policy_store(&store, "other").await;
    let mut db = begin(&store).await;
    let written = db.write_tuples(other.number, &[tuple("group:g#member@user:y")], &[], ANY, NOW).await.unwrap();
    assert_eq!(written, Written::Done(1));
}

/// A workspace's own tuples go with the member, group or resource that they name, and stay while an account is closed.
async fn own_tuples_go_with_whom_they_name(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let (writers, new) = (group(lab, "writers"), document(lab, ada, Visibility::Private));
    let mut db = begin(&store).await;
    db.insert_group(&writers, NOW).await.unwrap();
    db.insert_resource(&new, NOW).await.unwrap();
    db.insert_share(&share(new.id, Grantee::Group(writers.id), Permission::View), NOW).await.unwrap();
    db.commit().await.unwrap();
    let own = read(&store).await.policy_store_of_workspace(lab).await.unwrap().unwrap().number;
    let resource = resource_id(&new.at);
    let texts = [
        format!("doc:1#viewer@user:{bob}"),
        format!("doc:1#viewer@group:{}#member", writers.id),
        format!("doc:1#viewer@group:{}", writers.id),
        format!("doc:1#viewer@resource:{resource}#view"),
        format!("doc:1#parent@resource:{resource}"),
        "doc:1#viewer@user:stranger".to_owned(),
    ];
    let mut db = begin(&store).await;
    db.write_tuples(own, &texts.clone().map(|text| tuple(&text)), &[], ANY, NOW).await.unwrap();
    db.commit().await.unwrap();
    let left = async |change: &str| {
        let mut found = tuples(&mut read(&store).await, own).await;
        found.retain(|text| !is_built_in(text.split(':').next().unwrap()));
        let gone: Vec<_> =
            texts.iter().enumerate().filter(|(_, text)| !found.contains(*text)).map(|(at, _)| at).collect();
        (change.to_owned(), gone)
    };
    let mut db = begin(&store).await;
    db.set_user_active(bob, false, NOW).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(left("closed").await.1, [0; 0]);
    let mut db = begin(&store).await;
    assert!(db.delete_member(lab, bob, NOW).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(left("no member").await.1, [0]);
    let mut db = begin(&store).await;
    assert!(db.delete_group(lab, writers.id, NOW).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(left("no group").await.1, [0, 1, 2]);
    let mut db = begin(&store).await;
    assert!(db.delete_resource(new.id, NOW).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(left("no resource").await.1, [0, 1, 2, 3, 4]);
}

cases! {
    after_whatever_happened,
    when_it_happened_at_once,
    written_through_the_rows_alone,
    own_tuples_go_with_whom_they_name,
}
