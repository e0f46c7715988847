//! Accounts of the dashboard.

use super::*;
use crate::{ApiToken, Login};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_password_ends_logins_and_the_key(&*fresh()).await;
    logins_and_tokens_are_bounded(&*fresh()).await;
}

fn login(number: u8) -> Login {
    let at = seconds(number.into());
    Login { print: [number; 32], created_at: at, seen_at: at }
}

async fn a_password_ends_logins_and_the_key(open: Open<'_>) {
    let spool = open();
    assert_eq!(spool.password().await.unwrap(), None);
    spool.set_setup_key([7; 32]).await.unwrap();
    assert_eq!(spool.setup_key().await.unwrap(), Some([7; 32]));
    spool.keep_login(login(1), 10).await.unwrap();
    spool.set_password("hash".to_owned()).await.unwrap();
    drop(spool);
    let spool = open();
    assert_eq!(spool.password().await.unwrap().as_deref(), Some("hash"));
    assert_eq!(spool.setup_key().await.unwrap(), None);
    assert_eq!(spool.login([1; 32]).await.unwrap(), None);
}

async fn logins_and_tokens_are_bounded(open: Open<'_>) {
    let spool = open();
    for number in 1..=3 {
        spool.keep_login(login(number), 2).await.unwrap();
    }
    assert_eq!(spool.login([1; 32]).await.unwrap(), None, "seen longest ago");
    assert_eq!(spool.login([3; 32]).await.unwrap(), Some(login(3)));
    spool.end_login([3; 32]).await.unwrap();
    assert_eq!(spool.login([3; 32]).await.unwrap(), None);

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
