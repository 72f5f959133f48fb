//! What tells whether anything was committed.

use sentinel_storage::{Seen, StoreOptions};

use crate::harness::{NOW, Place, begin, places};
use crate::services::service;

async fn what_is_committed_is_seen(place: Place) {
    let store = place.open().await;
    if matches!(place.options, StoreOptions::Postgres { .. }) {
        assert_eq!(store.seen(), None);
        return;
    }
    let mut before: Vec<Option<Seen>> = vec![store.seen()];
    assert!(before[0].is_some());
    // Neither a look nor a question changes anything.
    store.read().await.unwrap().count_policy_stores().await.unwrap();
    assert_eq!(store.seen(), before[0]);
    let other = place.open().await;
    before.push(other.seen());
    assert_eq!(store.seen(), before[1]);
    // Whoever commits: each of them is told at once, and none is ever told what was before.
    for round in 0..40 {
        let (writer, reader) = if round % 2 == 0 { (&store, &other) } else { (&other, &store) };
        let mut transaction = begin(writer).await;
        transaction.insert_service(&service(&format!("service{round}")), NOW).await.unwrap();
        assert_eq!(reader.seen(), *before.last().unwrap(), "nothing is committed yet");
        if round % 5 == 4 {
            drop(transaction);
            continue;
        }
        transaction.commit().await.unwrap();
        let now = reader.seen();
        assert!(now.is_some() && now == writer.seen() && !before.contains(&now), "{round}");
        before.push(now);
    }
    // With the last connection goes what is looked at.
    store.close().await;
    other.close().await;
    assert_eq!(store.seen(), None);
    let again = place.open().await;
    let now = again.seen();
    assert!(now.is_some() && !before.contains(&now) && store.seen() == now);
    again.close().await;
}

places! { what_is_committed_is_seen => super::what_is_committed_is_seen }
