//! Counts of failed logins.

use sentinel_storage::{FailureCount, LoginFailures, Pruned, Store};

use crate::harness::{NOW, begin, cases, read};

const COUNT: FailureCount<'static> = FailureCount { key: b"key", account: Some(b"ada"), window: 100, slides: false };

async fn a_count_has_a_window(store: Store) {
    let mut db = begin(&store).await;
    let after = |failures, expires_at| LoginFailures { failures, locked_until: 0, expires_at };
    assert_eq!(db.login_failures(b"key", NOW).await.unwrap(), LoginFailures::default());
    assert_eq!(db.count_login_failure(&COUNT, NOW).await.unwrap(), after(1, NOW + 100));
    assert_eq!(db.count_login_failure(&COUNT, NOW + 50).await.unwrap(), after(2, NOW + 100));
    assert_eq!(db.login_failures(b"key", NOW + 99).await.unwrap(), after(2, NOW + 100));
    assert_eq!(db.login_failures(b"key", NOW + 100).await.unwrap(), LoginFailures::default());
    assert_eq!(db.count_login_failure(&COUNT, NOW + 100).await.unwrap(), after(1, NOW + 200), "anew");
    let sliding = FailureCount { key: b"sliding", slides: true, ..COUNT };
    assert_eq!(db.count_login_failure(&sliding, NOW).await.unwrap(), after(1, NOW + 100));
    assert_eq!(db.count_login_failure(&sliding, NOW + 50).await.unwrap(), after(2, NOW + 150));
    db.lock_logins(b"sliding", NOW + 120).await.unwrap();
    db.forgive_login_failure(b"sliding", 1).await.unwrap();
    let left = LoginFailures { locked_until: NOW + 120, ..after(1, NOW + 150) };
    assert_eq!(db.login_failures(b"sliding", NOW).await.unwrap(), left, "as many as may be are left");
    for _ in 0..3 {
        db.forgive_login_failure(b"sliding", 1).await.unwrap();
    }
    assert_eq!(db.login_failures(b"sliding", NOW).await.unwrap(), after(0, NOW + 150), "never less");
    assert_eq!(db.prune_expired(NOW + 201, 10).await.unwrap(), Pruned { login_failures: 2, ..Pruned::default() });
}

async fn what_is_locked_is_not_counted(store: Store) {
    let mut db = begin(&store).await;
    db.count_login_failure(&COUNT, NOW).await.unwrap();
    db.lock_logins(b"key", NOW + 500).await.unwrap();
    let locked = LoginFailures { failures: 1, locked_until: NOW + 500, expires_at: NOW + 500 };
    assert_eq!(db.login_failures(b"key", NOW).await.unwrap(), locked);
    assert_eq!(db.count_login_failure(&COUNT, NOW + 499).await.unwrap(), locked);
    let (after, other) = (NOW + 500, FailureCount { key: b"other", account: Some(b"bob"), ..COUNT });
    assert_eq!(db.count_login_failure(&COUNT, after).await.unwrap().failures, 1, "the window ended with the lock");
    db.count_login_failure(&other, NOW).await.unwrap();
    let nobody = FailureCount { key: b"address", account: None, ..COUNT };
    db.count_login_failure(&nobody, NOW).await.unwrap();
    assert_eq!(db.forget_login_failures_of(b"ada").await.unwrap(), 1);
    assert_eq!(db.login_failures(b"key", NOW).await.unwrap(), LoginFailures::default());
    assert_eq!(db.login_failures(b"other", NOW).await.unwrap().failures, 1);
    db.forget_login_failures(b"address").await.unwrap();
    assert_eq!(db.login_failures(b"address", NOW).await.unwrap(), LoginFailures::default());
}

/// However many come at the same moment: each sees another number.
async fn each_is_counted(store: Store) {
    let mut counting = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        counting.spawn(async move {
            let mut db = begin(&store).await;
            let counted = db.count_login_failure(&COUNT, NOW).await.unwrap().failures;
            db.commit().await.unwrap();
            counted
        });
    }
    let mut numbers = counting.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert_eq!(read(&store).await.login_failures(b"key", NOW).await.unwrap().failures, 20);
}

cases! { a_count_has_a_window, what_is_locked_is_not_counted, each_is_counted }
