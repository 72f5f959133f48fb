use sentinel_storage::{
    NewWebhookEndpoint, NewWebhookMessage, StorageError, Store, WebhookChange, WebhookOutcome, WorkspaceRole,
};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::sessions::LATER;
use crate::users::people;
use crate::workspaces::workspace;

cases! {
    endpoints_are_kept, who_is_told_what, of_two_that_ask_each_has_others, an_attempt_is_noted_once,
    what_was_given_up_can_be_said_again,
}

fn endpoint<'a>(events: &'a [String], workspace_id: Option<Uuid>) -> NewWebhookEndpoint<'a> {
    NewWebhookEndpoint {
        id: Uuid::new_v4(),
        url: "https://a.example/",
        description: "a",
        events,
        workspace_id,
        sealed_secret: b"sealed",
    }
}

fn message(id: &str) -> NewWebhookMessage<'_> {
    NewWebhookMessage { id, event: "user.created", body: "{}", workspace_id: None, user_id: None, expires_at: LATER }
}

async fn endpoints_are_kept(store: Store) {
    let mut db = begin(&store).await;
    assert!(!db.has_webhooks().await.unwrap());
    let events = ["user.created".to_owned(), "membership.deleted".to_owned()];
    let new = endpoint(&events, None);
    db.insert_webhook_endpoint(&new, NOW).await.unwrap();
    let nowhere = db.insert_webhook_endpoint(&endpoint(&[], Some(Uuid::new_v4())), NOW).await;
    assert!(matches!(nowhere.unwrap_err(), StorageError::Reference));
    drop(db);
    let mut db = begin(&store).await;
    db.insert_webhook_endpoint(&new, NOW).await.unwrap();
    assert!(db.rotate_webhook_secret(new.id, b"next", NOW + 5, NOW + 1).await.unwrap());
    assert!(!db.rotate_webhook_secret(Uuid::new_v4(), b"next", NOW, NOW).await.unwrap());
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    let found = db.webhook_endpoint(new.id).await.unwrap().unwrap();
    assert_eq!((found.events.as_slice(), found.is_active, found.updated_at), (&events[..], true, NOW + 1));
    assert_eq!((found.sealed_secret, found.sealed_previous), (b"next".to_vec(), Some(b"sealed".to_vec())));
    assert_eq!(found.previous_until, Some(NOW + 5));
    assert!(db.has_webhooks().await.unwrap());
    drop(db);
    let mut db = begin(&store).await;
    let change = WebhookChange { is_active: Some(false), events: Some(&[]), ..Default::default() };
    let changed = db.update_webhook_endpoint(new.id, &change, NOW + 2).await.unwrap().unwrap();
    assert_eq!((changed.is_active, changed.events.len(), changed.url.as_str()), (false, 0, new.url));
    assert_eq!(db.update_webhook_endpoint(Uuid::new_v4(), &change, NOW).await.unwrap(), None);
    assert!(!db.has_webhooks().await.unwrap(), "it is not active");
    assert_eq!(db.webhook_endpoints(10).await.unwrap().len(), 1);
    assert!(db.delete_webhook_endpoint(new.id).await.unwrap());
    assert!(!db.delete_webhook_endpoint(new.id).await.unwrap());
    db.commit().await.unwrap();
}

async fn who_is_told_what(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let only = ["membership.created".to_owned()];
    let (all, some, labs) = (endpoint(&[], None), endpoint(&only, None), endpoint(&[], Some(lab)));
    let mut db = begin(&store).await;
    for new in [&all, &some, &labs] {
        db.insert_webhook_endpoint(new, NOW).await.unwrap();
    }
    let about = |id, user| NewWebhookMessage { user_id: Some(user), ..message(id) };
    assert_eq!(db.insert_webhook_message(&about("m1", ada), NOW).await.unwrap(), 2, "the lab's, too: she is of it");
    assert_eq!(db.insert_webhook_message(&about("m2", bob), NOW).await.unwrap(), 1);
    let joined = NewWebhookMessage { event: "membership.created", workspace_id: Some(lab), ..about("m3", bob) };
    assert_eq!(db.insert_webhook_message(&joined, NOW).await.unwrap(), 3);
    let elsewhere = NewWebhookMessage { workspace_id: Some(Uuid::new_v4()), ..about("m4", ada) };
    assert_eq!(
        db.insert_webhook_message(&elsewhere, NOW).await.unwrap(),
        1,
        "she is of the lab, but it is not about it"
    );
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    let told =
        |all: Vec<sentinel_storage::WebhookDelivery>| all.into_iter().map(|one| one.message_id).collect::<Vec<_>>();
    assert_eq!(told(db.webhook_deliveries(all.id, false, 10).await.unwrap()), ["m4", "m3", "m2", "m1"]);
    assert_eq!(told(db.webhook_deliveries(some.id, false, 10).await.unwrap()), ["m3"]);
    assert_eq!(told(db.webhook_deliveries(labs.id, false, 10).await.unwrap()), ["m3", "m1"]);
    assert_eq!(told(db.webhook_deliveries(labs.id, true, 10).await.unwrap()), [""; 0]);
}

async fn of_two_that_ask_each_has_others(store: Store) {
    let new = endpoint(&[], None);
    let mut db = begin(&store).await;
    db.insert_webhook_endpoint(&new, NOW).await.unwrap();
    let ids: Vec<String> = (0..20).map(|number| format!("m{number:02}")).collect();
    for id in &ids {
        db.insert_webhook_message(&message(id), NOW).await.unwrap();
    }
    db.commit().await.unwrap();
    let take = async || {
        let mut taken = Vec::new();
        loop {
            let mut db = begin(&store).await;
            let some = db.take_webhook_deliveries(NOW, NOW + 60, 3).await.unwrap();
            db.commit().await.unwrap();
            if some.is_empty() {
                return taken;
            }
            taken.extend(some.into_iter().map(|one| (one.message_id, one.attempts)));
        }
    };
    let (one, other) = tokio::join!(take(), take());
    let mut all: Vec<_> = one.into_iter().chain(other).collect();
    all.sort();
    assert_eq!(all, ids.iter().map(|id| (id.clone(), 1)).collect::<Vec<_>>());
    // Whoever took them may be gone: they come back.
    let mut db = begin(&store).await;
    assert_eq!(db.take_webhook_deliveries(NOW + 59, NOW + 90, 100).await.unwrap().len(), 0);
    let again = db.take_webhook_deliveries(NOW + 60, NOW + 90, 100).await.unwrap();
    assert!(again.len() == 20 && again.iter().all(|one| one.attempts == 2));
    // And not while the endpoint is closed.
    let closed = WebhookChange { is_active: Some(false), ..Default::default() };
    db.update_webhook_endpoint(new.id, &closed, NOW).await.unwrap();
    assert_eq!(db.take_webhook_deliveries(NOW + 90, NOW + 99, 100).await.unwrap().len(), 0);
}

async fn an_attempt_is_noted_once(store: Store) {
    let new = endpoint(&[], None);
    let mut db = begin(&store).await;
    db.insert_webhook_endpoint(&new, NOW).await.unwrap();
    db.insert_webhook_message(&message("m"), NOW).await.unwrap();
    let seq = db.take_webhook_deliveries(NOW, NOW + 1, 1).await.unwrap()[0].seq;
    db.take_webhook_deliveries(NOW + 1, NOW + 2, 1).await.unwrap();
    let (again, done) = (WebhookOutcome::Again("timed out", NOW + 9), WebhookOutcome::Delivered);
    assert!(!db.note_webhook_outcome(seq, 1, again, LATER, NOW).await.unwrap(), "the second attempt has begun");
    assert!(db.note_webhook_outcome(seq, 2, done, LATER, NOW + 3).await.unwrap());
    assert!(!db.note_webhook_outcome(seq, 2, again, LATER, NOW).await.unwrap(), "it was taken");
    let found = db.webhook_deliveries(new.id, false, 1).await.unwrap().remove(0);
    assert_eq!((found.delivered_at, found.due_at, found.reason), (Some(NOW + 3), None, None));
    assert_eq!(db.take_webhook_deliveries(LATER, LATER, 1).await.unwrap().len(), 0);
}

async fn what_was_given_up_can_be_said_again(store: Store) {
    let new = endpoint(&[], None);
    let mut db = begin(&store).await;
    db.insert_webhook_endpoint(&new, NOW).await.unwrap();
    db.insert_webhook_message(&message("m"), NOW).await.unwrap();
    assert!(!db.retry_webhook_delivery(new.id, "m", NOW).await.unwrap(), "it was not given up");
    let seq = db.take_webhook_deliveries(NOW, NOW + 1, 1).await.unwrap()[0].seq;
    db.note_webhook_outcome(seq, 1, WebhookOutcome::Failed("status 410"), LATER, NOW).await.unwrap();
    let found = db.webhook_deliveries(new.id, true, 1).await.unwrap().remove(0);
    assert_eq!((found.failed_at, found.reason.as_deref()), (Some(NOW), Some("status 410")));
    assert_eq!(db.take_webhook_deliveries(LATER, LATER, 1).await.unwrap().len(), 0);
    assert!(db.retry_webhook_delivery(new.id, "m", NOW + 1).await.unwrap());
    assert_eq!(db.take_webhook_deliveries(NOW + 1, NOW + 2, 1).await.unwrap()[0].attempts, 1);
}
