use sentinel_storage::{
    DomainProof, RevokedFor, SessionState, SsoConfiguration, SsoEnded, SsoProtocol, SsoStage, StorageError, Store,
    WorkspaceRole,
};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::sessions::{begun, end};
use crate::users::people;
use crate::workspaces::workspace;

/// A connection of a new workspace of a new person.
pub(crate) async fn connected(store: &Store, name: &'static str) -> (Uuid, Uuid, Uuid) {
    let [ada] = people(store, [name]).await;
    let lab = workspace(store, name, [(ada, WorkspaceRole::Owner)]).await;
    let mut db = begin(store).await;
    let made = db.put_sso_connection(Uuid::new_v4(), lab, NOW).await.unwrap();
    assert_eq!(db.put_sso_connection(Uuid::new_v4(), lab, NOW + 1).await.unwrap(), made, "one for each workspace");
    db.commit().await.unwrap();
    (ada, lab, made.id)
}

fn draft(connection_id: Uuid) -> SsoConfiguration {
    SsoConfiguration {
        id: Uuid::new_v4(),
        connection_id,
        state: SsoStage::Draft,
        protocol: SsoProtocol::Saml2,
        config: "{}".into(),
        sealed_secret: Some(b"sealed".to_vec()),
        metadata: Some("{}".into()),
        is_followed: true,
        asked_at: NOW,
        tested_at: None,
        created_by: None,
        created_at: NOW,
    }
}

async fn only_what_was_tried_is_logged_in_by(store: Store) {
    let (_, lab, connection) = connected(&store, "ada").await;
    let found = read(&store).await.sso_connection_of(lab).await.unwrap().unwrap();
    assert_eq!(read(&store).await.sso_connection(connection).await.unwrap(), Some(found));
    let (first, second) = (draft(connection), draft(connection));
    let mut db = begin(&store).await;
    db.put_sso_configuration(&first).await.unwrap();
    assert!(!db.enable_sso_draft(connection, first.id).await.unwrap(), "it was not tried");
    db.put_sso_configuration(&second).await.unwrap();
    assert!(!db.note_sso_test(first.id, NOW).await.unwrap(), "another one took its place");
    assert!(db.note_sso_test(second.id, NOW + 1).await.unwrap());
    assert!(!db.enable_sso_draft(Uuid::new_v4(), second.id).await.unwrap(), "another's connection");
    assert!(db.enable_sso_draft(connection, second.id).await.unwrap());
    assert!(!db.enable_sso_draft(connection, second.id).await.unwrap(), "it is no draft any more");
    let enabled = SsoConfiguration { state: SsoStage::Enabled, tested_at: Some(NOW + 1), ..second.clone() };
    assert_eq!(db.sso_configuration_of(connection, SsoStage::Enabled).await.unwrap().as_ref(), Some(&enabled));
    assert_eq!(db.sso_configuration_of(connection, SsoStage::Draft).await.unwrap(), None);
    // A new draft stands beside it, and its place is taken only when the draft was tried.
    let third = draft(connection);
    db.put_sso_configuration(&third).await.unwrap();
    assert!(!db.enable_sso_draft(connection, third.id).await.unwrap());
    assert_eq!(db.sso_configuration(second.id).await.unwrap(), Some(enabled));
    db.note_sso_test(third.id, NOW + 2).await.unwrap();
    assert!(db.enable_sso_draft(connection, third.id).await.unwrap());
    assert_eq!(db.sso_configuration(second.id).await.unwrap(), None);
    // Disabled it waits as a draft, unless there is one.
    assert!(db.disable_sso(connection).await.unwrap() && !db.disable_sso(connection).await.unwrap());
    assert!(db.enable_sso_draft(connection, third.id).await.unwrap());
    db.put_sso_configuration(&draft(connection)).await.unwrap();
    assert!(db.disable_sso(connection).await.unwrap());
    assert_eq!(db.sso_configuration(third.id).await.unwrap(), None);
    db.commit().await.unwrap();
    let mut db = begin(&store).await;
    assert!(db.hold_sso_connection(connection).await.unwrap());
    assert!(db.delete_sso_connection(connection).await.unwrap());
    assert!(!db.hold_sso_connection(connection).await.unwrap());
    assert_eq!(db.sso_configuration_of(connection, SsoStage::Draft).await.unwrap(), None);
    assert!(!db.delete_sso_connection(connection).await.unwrap());
    let nowhere = db.put_sso_configuration(&draft(connection)).await;
    assert!(matches!(nowhere.unwrap_err(), StorageError::Reference));
}

async fn metadata_are_asked_for_once(store: Store) {
    let (_, _, connection) = connected(&store, "ada").await;
    let new = draft(connection);
    let mut db = begin(&store).await;
    db.put_sso_configuration(&new).await.unwrap();
    assert!(db.followed_sso_configurations(NOW, 9).await.unwrap().is_empty());
    assert_eq!(db.followed_sso_configurations(NOW + 1, 9).await.unwrap(), std::slice::from_ref(&new));
    assert!(db.ask_sso_metadata(new.id, NOW, NOW + 5).await.unwrap());
    assert!(!db.ask_sso_metadata(new.id, NOW, NOW + 6).await.unwrap(), "somebody has asked");
    assert!(db.set_sso_metadata(new.id, "[1]").await.unwrap());
    let found = db.sso_configuration(new.id).await.unwrap().unwrap();
    assert_eq!((found.metadata.as_deref(), found.asked_at), (Some("[1]"), NOW + 5));
    assert!(!db.set_sso_metadata(Uuid::new_v4(), "").await.unwrap());
}

async fn a_domain_is_one_workspaces(store: Store) {
    let (_, lab, _) = connected(&store, "ada").await;
    let (_, other, _) = connected(&store, "bob").await;
    let mut db = begin(&store).await;
    db.insert_sso_domain(lab, "firm.example", "one", NOW).await.unwrap();
    db.insert_sso_domain(other, "firm.example", "two", NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut db = begin(&store).await;
    assert_eq!(db.proven_sso_domain("firm.example").await.unwrap(), None);
    assert!(db.prove_sso_domain(lab, "firm.example", DomainProof::Dns, NOW + 1).await.unwrap());
    assert!(!db.prove_sso_domain(lab, "other.example", DomainProof::Dns, NOW + 1).await.unwrap());
    let proven = db.proven_sso_domain("firm.example").await.unwrap().unwrap();
    assert_eq!((proven.workspace_id, proven.how, proven.proven_at), (lab, Some(DomainProof::Dns), Some(NOW + 1)));
    assert_eq!(db.sso_domain(lab, "firm.example").await.unwrap(), Some(proven));
    assert_eq!(db.sso_domains(other, 9).await.unwrap()[0].proven_at, None);
    db.commit().await.unwrap();
    let mut db = begin(&store).await;
    let taken = db.prove_sso_domain(other, "firm.example", DomainProof::Administrator, NOW + 2).await;
    assert!(matches!(taken.unwrap_err(), StorageError::Conflict));
    drop(db);
    let mut db = begin(&store).await;
    assert!(db.delete_sso_domain(lab, "firm.example").await.unwrap());
    assert!(!db.delete_sso_domain(lab, "firm.example").await.unwrap());
    assert!(db.prove_sso_domain(other, "firm.example", DomainProof::Administrator, NOW + 2).await.unwrap());
    let again = db.insert_sso_domain(other, "firm.example", "three", NOW).await;
    assert!(matches!(again.unwrap_err(), StorageError::Conflict));
}

async fn sessions_end_by_who_it_is_there(store: Store) {
    let (ada, lab, connection) = connected(&store, "ada").await;
    let mut bound = Vec::new();
    for (subject, provider_session) in [(b"a", Some(b"1")), (b"a", Some(b"2")), (b"b", None)] {
        let id = begun(&store, ada, lab).await;
        let mut db = begin(&store).await;
        let provider_session = provider_session.map(<[u8; 1]>::as_slice);
        assert!(db.bind_session_to_sso(id, connection, subject, provider_session).await.unwrap());
        db.commit().await.unwrap();
        bound.push(id);
    }
    let own = begun(&store, ada, lab).await;
    let state = read(&store).await.access_state(ada, Some(lab), Some(bound[0]), "", None).await.unwrap().unwrap();
    assert!(matches!(state.session, SessionState::Known { federation_id: Some(id), .. } if id == connection));
    let ends = |which| {
        let store = store.clone();
        async move {
            let mut db = begin(&store).await;
            let ended = db.end_sessions_of_sso(connection, which, end(RevokedFor::Logout, NOW)).await.unwrap();
            db.commit().await.unwrap();
            ended
        }
    };
    assert_eq!(ends(SsoEnded { subject: Some(b"c"), provider_session: None }).await, 0);
    assert_eq!(ends(SsoEnded { subject: None, provider_session: Some(b"2") }).await, 1);
    assert_eq!(ends(SsoEnded { subject: Some(b"a"), provider_session: None }).await, 1);
    assert_eq!(ends(SsoEnded::default()).await, 1);
    assert_eq!(read(&store).await.session(own).await.unwrap().unwrap().revoked_at, None);
}

async fn failures_are_counted(store: Store) {
    let (_, lab, _) = connected(&store, "ada").await;
    let mut db = begin(&store).await;
    for (code, at) in [("expired", NOW), ("expired", NOW + 1), ("unsigned", NOW + 2), ("expired", NOW + 3_600_000)] {
        db.count_sso_failure(lab, code, at + 10, at).await.unwrap();
    }
    let found = db.sso_failures(lab, 9).await.unwrap();
    let shown: Vec<_> = found.iter().map(|one| (one.code.as_str(), one.count, one.first_at, one.last_at)).collect();
    let expected = [
        ("expired", 1, NOW + 3_600_000, NOW + 3_600_000),
        ("unsigned", 1, NOW + 2, NOW + 2),
        ("expired", 2, NOW, NOW + 1),
    ];
    assert_eq!(shown, expected);
    assert_eq!(db.prune_expired(NOW + 13, 9).await.unwrap().sso_failures, 2);
    let nowhere = db.count_sso_failure(Uuid::new_v4(), "expired", NOW, NOW).await;
    assert!(matches!(nowhere.unwrap_err(), StorageError::Reference));
}

cases! {
    only_what_was_tried_is_logged_in_by, metadata_are_asked_for_once, a_domain_is_one_workspaces,
    sessions_end_by_who_it_is_there, failures_are_counted,
}
