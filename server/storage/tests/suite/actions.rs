use sentinel_storage::{NewAction, PageRequest, Store};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};

/// Makes sure that a scope has these actions; their ids in the order of their names.
pub(crate) async fn actions<const N: usize>(store: &Store, scope: &str, names: [&str; N]) -> [Uuid; N] {
    let new = names.map(|action| NewAction { id: Uuid::new_v4(), action, description: None });
    let mut db = begin(store).await;
    let registered = db.register_actions(scope, &new, NOW).await.unwrap();
    db.commit().await.unwrap();
    names.map(|name| registered.iter().find(|one| one.action == name).unwrap().id)
}

async fn registered_again_they_stay(store: Store) {
    let new = |action, description| NewAction { id: Uuid::new_v4(), action, description };
    let mut db = begin(&store).await;
    let first = [new("notes:write", Some("Write")), new("notes:read", Some("Read"))];
    let made = db.register_actions("notes", &first, NOW).await.unwrap();
    assert_eq!(made.iter().map(|one| one.action.as_str()).collect::<Vec<_>>(), ["notes:read", "notes:write"]);
    assert_eq!((made[0].id, made[0].service_name.as_str(), made[0].created_at), (first[1].id, "notes", NOW));
    // Named twice, described anew, described no more, and new.
    let second = [
        new("notes:write", Some("first")),
        new("notes:write", Some("Write notes")),
        new("notes:read", None),
        new("notes:export", None),
    ];
    let made = db.register_actions("notes", &second, NOW + 1).await.unwrap();
    let expected = [
        (second[3].id, "notes:export", None, NOW + 1),
        (first[1].id, "notes:read", Some("Read"), NOW),
        (first[0].id, "notes:write", Some("Write notes"), NOW),
    ];
    for (one, (id, action, description, created_at)) in made.iter().zip(expected) {
        assert_eq!((one.id, one.action.as_str()), (id, action));
        assert_eq!((one.description.as_deref(), one.created_at), (description, created_at));
    }
    assert_eq!(db.register_actions("notes", &[], NOW).await.unwrap(), []);
    // Another scope has its own.
    let [elsewhere] = &db.register_actions("tasks", &[new("notes:read", None)], NOW).await.unwrap()[..] else {
        panic!()
    };
    assert_ne!(elsewhere.id, first[1].id);
}

async fn more_than_one_statement_holds(store: Store) {
    let names: Vec<_> = (0..450).map(|at| format!("bulk:{at:03}")).collect();
    let new: Vec<_> =
        names.iter().map(|action| NewAction { id: Uuid::new_v4(), action, description: Some("one of many") }).collect();
    let mut db = begin(&store).await;
    let made = db.register_actions("bulk", &new, NOW).await.unwrap();
    assert!(made.iter().map(|one| one.action.as_str()).eq(names.iter().map(String::as_str)));
}

async fn replicas_register_at_once(store: Store) {
    for round in 0..5 {
        let both = [["a", "b", "c"], ["c", "b", "a"]].map(|names| {
            let (store, scope) = (store.clone(), format!("scope-{round}"));
            tokio::spawn(async move { actions(&store, &scope, names).await })
        });
        let [first, second] = both;
        let (first, mut second) = (first.await.unwrap(), second.await.unwrap());
        second.reverse();
        assert_eq!(first, second);
    }
}

async fn listed_described_deleted(store: Store) {
    let [read_it, write] = actions(&store, "notes", ["notes:read", "notes:write"]).await;
    let [run] = actions(&store, "tasks", ["run_all"]).await;
    let mut db = begin(&store).await;
    let first = db.actions(None, None, &PageRequest::first(2)).await.unwrap();
    assert_eq!(first.rows.iter().map(|one| one.id).collect::<Vec<_>>(), [read_it, write]);
    let rest = db.actions(None, None, &PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|one| one.id).collect::<Vec<_>>(), [run]);
    for (scope, search, expected) in [
        (Some("notes"), None, vec![read_it, write]),
        (Some("notes"), Some("READ"), vec![read_it]),
        (None, Some("_"), vec![run]),
        (Some("nobody"), None, vec![]),
    ] {
        let found = db.actions(scope, search, &PageRequest::first(9)).await.unwrap();
        assert_eq!(found.rows.iter().map(|one| one.id).collect::<Vec<_>>(), expected);
    }
    assert!(db.set_action_description(run, Some("All")).await.unwrap());
    assert_eq!(db.action(run).await.unwrap().unwrap().description.as_deref(), Some("All"));
    assert!(db.set_action_description(run, None).await.unwrap());
    assert_eq!(db.action(run).await.unwrap().unwrap().description, None);
    assert!(db.delete_action(run).await.unwrap());
    assert!(!db.delete_action(run).await.unwrap());
    assert!(!db.set_action_description(run, None).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(read(&store).await.action(run).await.unwrap(), None);
}

cases! {
    registered_again_they_stay,
    more_than_one_statement_holds,
    replicas_register_at_once,
    listed_described_deleted,
}
