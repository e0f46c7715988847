//! Accounts of the dashboard.

use super::*;
use crate::{
    Actor, ApiToken, AuditEntry, AuditFilter, Login, NewUser, Role, ShareLink, TokenScope,
    UserChange, UserId,
};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_password_ends_logins_and_the_key(&*fresh()).await;
    there_is_always_an_owner(&*fresh()).await;
    codes_are_used_once(&*fresh()).await;
    logins_and_tokens_are_bounded(&*fresh()).await;
    a_setup_key_is_used_up_once(&*fresh()).await;
    a_share_link_ends_when_it_is_revoked_expires_or_its_incident_goes(&*fresh()).await;
    the_audit_log_is_bounded_and_fair(&*fresh()).await;
}

fn login(user: UserId, number: u8) -> Login {
    let at = seconds(number.into());
    Login {
        id: 0,
        digest: [number; 32],
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
    spool.set_setup_key([7; 32], seconds(60)).await.unwrap();
    assert_eq!(spool.setup_key().await.unwrap(), Some(([7; 32], seconds(60))));
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
        logins.iter().map(|login| login.digest[0]).collect::<Vec<_>>()
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
        digest: [number; 32],
        scope: TokenScope::Read,
        maker: None,
        made_by: String::new(),
        created_at: NOW,
        used_at: None,
    };
    let made = |number| spool.add_token(token(number), 1, entry("token.create", "program"));
    let first = made(1).await.unwrap().unwrap();
    assert_eq!(made(2).await.unwrap(), None);
    spool.note_token_used(first, seconds(9)).await.unwrap();
    let kept = spool.token([1; 32]).await.unwrap().unwrap();
    assert_eq!((kept.scope, kept.used_at), (TokenScope::Read, Some(seconds(9))));
    assert_eq!(spool.tokens().await.unwrap().len(), 1);
    assert!(spool.remove_token(first, entry("token.revoke", "program")).await.unwrap());
    assert!(!spool.remove_token(first, entry("token.revoke", "program")).await.unwrap());
    assert_eq!(spool.token([1; 32]).await.unwrap(), None);
    let audit = spool.audit(AuditFilter::default(), 10).await.unwrap();
    let told: Vec<&str> = audit.iter().map(|entry| &*entry.what).collect();
    assert_eq!(told, ["token.revoke", "token.create"], "what did not happen is not noted");
}

fn entry(what: &str, object: &str) -> AuditEntry {
    AuditEntry {
        id: 0,
        at: NOW,
        actor: Actor::User("ann".to_owned()),
        address: None,
        what: what.to_owned(),
        object: object.to_owned(),
        detail: String::new(),
        count: 1,
    }
}

async fn a_setup_key_is_used_up_once(open: Open<'_>) {
    let spool = open();
    spool.set_setup_key([7; 32], seconds(60)).await.unwrap();
    assert!(!spool.take_setup_key([8; 32]).await.unwrap());
    let (one, other) = tokio::join!(spool.take_setup_key([7; 32]), spool.take_setup_key([7; 32]));
    assert_ne!(one.unwrap(), other.unwrap());
    assert_eq!(spool.setup_key().await.unwrap(), None);
}

async fn a_share_link_ends_when_it_is_revoked_expires_or_its_incident_goes(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, "yard", NOW).await.incident;
    let link = |expires_at| ShareLink {
        id: 0,
        incident,
        made_by: "ann".to_owned(),
        created_at: NOW,
        expires_at,
        opened: 0,
        opened_at: None,
    };
    let add =
        |expires_at, max| spool.add_share_link(link(expires_at), max, entry("share.create", "1"));
    let first = add(seconds(60), 2).await.unwrap().unwrap();
    let second = add(seconds(90), 2).await.unwrap().unwrap();
    assert_eq!(add(seconds(90), 2).await.unwrap(), None, "bounded");
    spool.note_opened(vec![(first, 3), (99, 1)], seconds(5)).await.unwrap();
    let opened = spool.share_link(first).await.unwrap().unwrap();
    assert_eq!((opened.opened, opened.opened_at), (3, Some(seconds(5))));
    let ids = |links: Vec<ShareLink>| links.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(spool.share_links(NOW).await.unwrap()), [second, first]);
    assert_eq!(ids(spool.share_links(seconds(60)).await.unwrap()), [second]);
    assert!(spool.revoke_share_link(second, entry("share.revoke", "1")).await.unwrap());
    assert!(!spool.revoke_share_link(second, entry("share.revoke", "1")).await.unwrap());
    assert_eq!(spool.share_link(second).await.unwrap(), None);
    deliver(&*spool, incident).await;
    let keep = RetentionLimits {
        age: Duration::ZERO,
        guard: before_run(&*spool).await,
        bytes_max: u64::MAX,
    };
    spool.sweep(keep, seconds(100)).await.unwrap();
    assert_eq!(spool.share_link(first).await.unwrap(), None);
}

/// Whoever fills the log loses their own oldest entries, and nobody else's.
async fn the_audit_log_is_bounded_and_fair(open: Open<'_>) {
    let spool = open();
    spool.note(entry("token.create", "reader")).await.unwrap();
    spool.note(entry("token.create", "reader")).await.unwrap();
    let all = spool.audit(AuditFilter::default(), 10).await.unwrap();
    assert_eq!((all.len(), all[0].count), (1, 2), "what is the same again is counted");
    let flood = |number: u32| AuditEntry {
        actor: Actor::Token("flood\u{1b}".to_owned()),
        ..entry("mute", &number.to_string())
    };
    let total = crate::core::audit::ENTRIES_MAX + 500;
    for chunk in (0..total).collect::<Vec<_>>().chunks(500) {
        let mut notes = tokio::task::JoinSet::new();
        for number in chunk {
            let (spool, entry) = (Arc::clone(&spool), flood(*number));
            notes.spawn(async move { spool.note(entry).await });
        }
        notes.join_all().await.into_iter().for_each(|noted| noted.unwrap());
    }
    let all = spool.audit(AuditFilter::default(), total).await.unwrap();
    assert!(all.len() <= crate::core::audit::ENTRIES_MAX as usize + 64, "{}", all.len());
    assert_eq!(all.last().unwrap().object, "reader", "the flood pushed out another's entry");
    assert_eq!(all[0].actor.name(), "flood", "control characters are left out");
    let wanted = |who: Option<&str>, what: Option<&str>, before| {
        let filter =
            AuditFilter { who: who.map(str::to_owned), what: what.map(str::to_owned), before };
        spool.audit(filter, 5)
    };
    assert_eq!(wanted(Some("ANN"), None, None).await.unwrap().len(), 1);
    assert_eq!(wanted(Some("user"), None, None).await.unwrap().len(), 1);
    assert_eq!(wanted(None, Some("token"), None).await.unwrap().len(), 1);
    assert_eq!(wanted(None, Some("tok"), None).await.unwrap().len(), 0);
    let before = all[9].id;
    assert_eq!(wanted(None, None, Some(before)).await.unwrap()[0].id, all[10].id);
}
