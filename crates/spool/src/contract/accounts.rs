//! Accounts of the dashboard.

use super::*;
use crate::{ApiToken, Login, NewUser, Role, UserChange, UserId};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_password_ends_logins_and_the_key(&*fresh()).await;
    there_is_always_an_owner(&*fresh()).await;
    codes_are_used_once(&*fresh()).await;
    logins_and_tokens_are_bounded(&*fresh()).await;
}

fn login(user: UserId, number: u8) -> Login {
    let at = seconds(number.into());
    Login {
        id: 0,
        print: [number; 32],
        user,
        created_at: at,
        seen_at: at,
        address: "192.168.1.7".to_owned(),
        browser: "Firefox".to_owned(),
    }
}

fn user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.to_owned(), role, password: format!("hash of {name}"), at: NOW }
}

async fn add(spool: &dyn Spool, name: &str, role: Role) -> UserId {
    match spool.add_user(user(name, role), 10).await.unwrap() {
        UserChange::Done(id) => id,
        change => panic!("{change:?}"),
    }
}

async fn a_password_ends_logins_and_the_key(open: Open<'_>) {
    let spool = open();
    assert_eq!(spool.users().await.unwrap(), Vec::new());
    spool.set_setup_key([7; 32]).await.unwrap();
    assert_eq!(spool.setup_key().await.unwrap(), Some([7; 32]));
    let set = |user| spool.set_password(user, "hash".to_owned());
    let UserChange::Done(owner) = set(None).await.unwrap() else { panic!("no owner") };
    assert_eq!(spool.setup_key().await.unwrap(), None);
    let viewer = add(&*spool, "bert", Role::Viewer).await;
    spool.add_login(login(owner, 1), 10).await.unwrap();
    spool.add_login(login(viewer, 2), 10).await.unwrap();
    assert_eq!(set(None).await.unwrap(), UserChange::Done(owner), "the same one again");
    assert_eq!(set(Some(UserId(99))).await.unwrap(), UserChange::NoUser);
    drop(spool);
    let spool = open();
    let users = spool.users().await.unwrap();
    let [first, second] = users.as_slice() else { panic!("{users:?}") };
    assert_eq!((&*first.name, first.role), ("owner", Role::Owner));
    assert_eq!(first.password.as_deref(), Some("hash"));
    assert_eq!((&*second.name, second.role), ("bert", Role::Viewer));
    assert_eq!(spool.login([1; 32]).await.unwrap(), None);
    let (kept, of) = spool.login([2; 32]).await.unwrap().unwrap();
    assert_eq!((kept.id, of.id), (2, viewer), "another user's login stays");
    assert_eq!(Login { id: 0, ..kept }, login(viewer, 2));
}

async fn there_is_always_an_owner(open: Open<'_>) {
    let spool = open();
    let anna = add(&*spool, "Anna", Role::Owner).await;
    let bert = add(&*spool, "Bert", Role::Viewer).await;
    let taken = spool.add_user(user("ANNA", Role::Viewer), 10).await.unwrap();
    assert_eq!(taken, UserChange::NameTaken);
    let full = spool.add_user(user("Carl", Role::Viewer), 2).await.unwrap();
    assert_eq!(full, UserChange::Full);
    assert_eq!(spool.remove_user(anna).await.unwrap(), UserChange::LastOwner);
    assert_eq!(spool.set_role(anna, Role::Viewer).await.unwrap(), UserChange::LastOwner);
    assert_eq!(spool.set_role(anna, Role::Owner).await.unwrap(), UserChange::Done(anna));
    assert_eq!(spool.set_role(bert, Role::Owner).await.unwrap(), UserChange::Done(bert));
    spool.add_login(login(anna, 1), 10).await.unwrap();
    assert_eq!(spool.remove_user(anna).await.unwrap(), UserChange::Done(anna));
    assert_eq!(spool.remove_user(anna).await.unwrap(), UserChange::NoUser);
    assert_eq!(spool.login([1; 32]).await.unwrap(), None, "it goes with its user");
    assert_eq!(spool.add_login(login(anna, 2), 10).await.unwrap(), None);
    assert_eq!(spool.remove_user(bert).await.unwrap(), UserChange::LastOwner);
}

async fn codes_are_used_once(open: Open<'_>) {
    let spool = open();
    let [anna, bert] = ["anna", "bert"];
    let (anna, bert) =
        (add(&*spool, anna, Role::Owner).await, add(&*spool, bert, Role::Owner).await);
    assert!(!spool.confirm_totp(anna, 10, Vec::new()).await.unwrap(), "nothing is pending");
    assert!(spool.begin_totp(anna, vec![1, 2, 3]).await.unwrap());
    assert!(!spool.begin_totp(UserId(99), vec![1]).await.unwrap());
    let secret = || async { spool.users().await.unwrap().remove(0).totp };
    assert_eq!(secret().await, None, "not before a code confirms it");
    assert!(spool.confirm_totp(anna, 10, vec![[1; 32], [2; 32]]).await.unwrap());
    assert_eq!(secret().await, Some(vec![1, 2, 3]));
    for (step, is_new) in [(10, false), (9, false), (11, true), (11, false), (12, true)] {
        assert_eq!(spool.use_totp_step(anna, step).await.unwrap(), is_new, "{step}");
    }
    assert!(!spool.use_recovery_code(bert, [1; 32]).await.unwrap(), "it is another's");
    assert!(spool.use_recovery_code(anna, [1; 32]).await.unwrap());
    assert!(!spool.use_recovery_code(anna, [1; 32]).await.unwrap());
    assert!(spool.end_totp(anna).await.unwrap());
    assert_eq!(secret().await, None);
    assert!(!spool.use_recovery_code(anna, [2; 32]).await.unwrap());
}

async fn logins_and_tokens_are_bounded(open: Open<'_>) {
    let spool = open();
    let anna = add(&*spool, "anna", Role::Owner).await;
    let bert = add(&*spool, "bert", Role::Owner).await;
    spool.add_login(login(bert, 9), 2).await.unwrap();
    for number in 1..=3 {
        spool.add_login(login(anna, number), 2).await.unwrap();
    }
    assert_eq!(spool.login([1; 32]).await.unwrap(), None, "seen longest ago");
    let (third, _) = spool.login([3; 32]).await.unwrap().unwrap();
    let numbers = || async {
        let logins = spool.logins().await.unwrap();
        logins.iter().map(|login| login.print[0]).collect::<Vec<_>>()
    };
    assert_eq!(numbers().await, [9, 3, 2], "nobody pushes out another's");
    spool.see_login(third.id, seconds(20), "192.168.1.8".to_owned()).await.unwrap();
    let (third, _) = spool.login([3; 32]).await.unwrap().unwrap();
    assert_eq!((third.seen_at, &*third.address), (seconds(20), "192.168.1.8"));
    spool.end_logins(anna, Some(third.id)).await.unwrap();
    assert_eq!(numbers().await, [3, 9]);
    assert!(spool.end_login(third.id).await.unwrap());
    assert!(!spool.end_login(third.id).await.unwrap());
    assert_eq!(spool.login([3; 32]).await.unwrap(), None);
    spool.end_logins(bert, None).await.unwrap();
    assert_eq!(numbers().await, [0; 0]);

    let token = |number: u8| ApiToken {
        id: 0,
        name: format!("program {number}"),
        print: [number; 32],
        may_change: number == 1,
        created_at: NOW,
    };
    let first = spool.add_token(token(1), 1).await.unwrap().unwrap();
    assert_eq!(spool.add_token(token(2), 1).await.unwrap(), None);
    assert!(spool.token([1; 32]).await.unwrap().unwrap().may_change);
    assert_eq!(spool.tokens().await.unwrap().len(), 1);
    assert!(spool.remove_token(first).await.unwrap());
    assert!(!spool.remove_token(first).await.unwrap());
    assert_eq!(spool.token([1; 32]).await.unwrap(), None);
}
