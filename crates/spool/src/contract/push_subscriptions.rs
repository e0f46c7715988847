//! Browsers that get notifications: their limits, and with what they end.

use std::sync::Arc;

use super::*;
use crate::{
    Login, NewUser, PushFilter, PushLimits, PushSubscription, Reader, Role, UserChange, UserId,
};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_subscription_is_kept_as_it_was_made(&*fresh()).await;
    each_person_and_all_have_a_limit(&*fresh()).await;
    a_subscription_ends_with_its_login_its_password_and_its_user(&*fresh()).await;
    the_key_of_push_services_never_changes(&*fresh()).await;
}

const MANY: PushLimits = PushLimits { of_reader: 9, all: 9 };

fn browser(reader: &Reader, name: &str, login: Option<i64>) -> PushSubscription {
    PushSubscription {
        id: 0,
        reader: reader.clone(),
        browser: "Firefox on Android".to_owned(),
        login,
        endpoint: format!("https://push.example/{name}"),
        p256dh: "BCVx".to_owned(),
        auth: "BTBZ".to_owned(),
        origin: "https://tip.example".to_owned(),
        wanted: PushFilter::default(),
        created_at: NOW,
    }
}

async fn endpoints(spool: &dyn Spool) -> Vec<String> {
    let all = spool.push_subscriptions().await.unwrap();
    let name = |it: PushSubscription| it.endpoint.replace("https://push.example/", "");
    all.into_iter().map(name).collect()
}

async fn a_subscription_is_kept_as_it_was_made(open: Open<'_>) {
    let spool = open();
    let anna = Reader::Proxy("anna".to_owned());
    let mut one = browser(&anna, "one", None);
    one.id = spool.add_push_subscription(one.clone(), MANY).await.unwrap().unwrap();
    one.wanted = PushFilter {
        devices: vec!["Küche, \"links\"".to_owned()],
        events: vec![Event::Person, Event::Vehicle],
    };
    assert!(spool.set_push_filter(one.id, one.wanted.clone()).await.unwrap());
    assert!(!spool.set_push_filter(99, PushFilter::default()).await.unwrap());
    drop(spool);
    let spool = open();
    assert_eq!(spool.push_subscriptions().await.unwrap(), [one.clone()]);
    assert_eq!(spool.last_pushes().await.unwrap(), []);
    assert_eq!(one.channel(), format!("Firefox on Android (push {})", one.id));
    // The same browser subscribes anew, for another person.
    let again = browser(&Reader::Proxy("bert".to_owned()), "one", None);
    let next = spool.add_push_subscription(again.clone(), MANY).await.unwrap().unwrap();
    assert_ne!(next, one.id);
    let stored = spool.push_subscriptions().await.unwrap();
    assert_eq!(stored, [PushSubscription { id: next, ..again }]);
    assert!(spool.remove_push_subscription(next).await.unwrap());
    assert!(!spool.remove_push_subscription(next).await.unwrap());
    assert_eq!(endpoints(&*spool).await, [""; 0]);
}

async fn each_person_and_all_have_a_limit(open: Open<'_>) {
    let spool = open();
    let (anna, bert) = (Reader::Proxy("anna".to_owned()), Reader::Proxy("bert".to_owned()));
    let limits = PushLimits { of_reader: 2, all: 3 };
    let add = |reader: &Reader, name: &str| {
        spool.add_push_subscription(browser(reader, name, None), limits)
    };
    assert!(add(&anna, "1").await.unwrap().is_some());
    assert!(add(&anna, "2").await.unwrap().is_some());
    assert!(add(&anna, "3").await.unwrap().is_none());
    assert!(add(&anna, "2").await.unwrap().is_some(), "the same browser");
    assert!(add(&bert, "4").await.unwrap().is_some());
    assert!(add(&bert, "5").await.unwrap().is_none());
    assert_eq!(endpoints(&*spool).await, ["1", "2", "4"]);
}

async fn login(spool: &dyn Spool, user: UserId, number: u8) -> i64 {
    let login = Login {
        id: 0,
        digest: [number; 32],
        user,
        created_at: NOW,
        seen_at: NOW,
        address: String::new(),
        browser: String::new(),
    };
    spool.add_login(login, 9).await.unwrap().unwrap()
}

async fn a_subscription_ends_with_its_login_its_password_and_its_user(open: Open<'_>) {
    let spool = open();
    let user = |name: &str, role| NewUser {
        name: name.to_owned(),
        role,
        password: "hash".to_owned(),
        at: NOW,
    };
    spool.add_user(user("ann", Role::Owner), 9).await.unwrap();
    let added = spool.add_user(user("bert", Role::Viewer), 9).await.unwrap();
    let UserChange::Done(bert) = added else { panic!("{added:?}") };
    let reader = Reader::Account(bert);
    let (one, other) = (login(&*spool, bert, 1).await, login(&*spool, bert, 2).await);
    let add = |name: &'static str, login| {
        let spool = Arc::clone(&spool);
        let browser = browser(&reader, name, login);
        async move { spool.add_push_subscription(browser, MANY).await.unwrap().unwrap() }
    };
    spool
        .add_push_subscription(browser(&Reader::Proxy("bert".to_owned()), "proxy", None), MANY)
        .await
        .unwrap();
    add("one", Some(one)).await;
    add("other", Some(other)).await;
    let anew = login(&*spool, bert, 3).await;
    spool.hand_over_push_subscriptions(one, anew).await.unwrap();
    spool.end_login(one).await.unwrap();
    assert_eq!(endpoints(&*spool).await, ["proxy", "one", "other"]);
    spool.end_login(anew).await.unwrap();
    assert_eq!(endpoints(&*spool).await, ["proxy", "other"]);
    add("one", Some(99)).await;
    spool.end_logins(bert, Some(other)).await.unwrap();
    assert_eq!(endpoints(&*spool).await, ["proxy", "other"]);
    spool.set_password(Some(bert), "new".to_owned()).await.unwrap();
    assert_eq!(endpoints(&*spool).await, ["proxy"]);
    add("one", None).await;
    spool.remove_user(bert).await.unwrap();
    assert_eq!(endpoints(&*spool).await, ["proxy"]);
}

async fn the_key_of_push_services_never_changes(open: Open<'_>) {
    let spool = open();
    assert_eq!(spool.vapid_key(vec![1, 255]).await.unwrap(), [1, 255]);
    drop(spool);
    assert_eq!(open().vapid_key(vec![2]).await.unwrap(), [1, 255]);
}
