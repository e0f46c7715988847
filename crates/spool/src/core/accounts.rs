//! Who may be added, changed and removed as a user of the dashboard, and how many logins and tokens there may be.
//! An engine loads all users (their number has a limit) and writes what is decided here. Pure.

use tipoff_model::Timestamp;

use crate::hex::{hex, unhex};
use crate::{Digest, Login, Role, User, UserChange, UserId};

/// Name of the owner whose password is set before there is any user.
pub(crate) const FIRST_OWNER: &str = "owner";

/// Whether a user may be added.
///
/// # Errors
/// There are `max` users; nobody could make a viewer an owner, because no owner can log in; or another user has the
/// name, in any ASCII case.
pub(crate) fn may_add(users: &[User], name: &str, role: Role, max: u32) -> Result<(), UserChange> {
    if users.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
        return Err(UserChange::Full);
    }
    if role != Role::Owner && !users.iter().any(can_own) {
        return Err(UserChange::LastOwner);
    }
    match find_name(users, name) {
        Some(_) => Err(UserChange::NameTaken),
        None => Ok(()),
    }
}

/// Whether a user may get this role.
///
/// # Errors
/// There is no such user, or no owner who can log in would be left.
pub(crate) fn may_set_role(users: &[User], user: UserId, role: Role) -> Result<(), UserChange> {
    match role {
        Role::Owner => known(users, user).map(|_| ()),
        Role::Viewer => may_remove(users, user),
    }
}

/// Whether a user may be removed, or be an owner no longer.
///
/// # Errors
/// There is no such user, or no owner who can log in would be left.
pub(crate) fn may_remove(users: &[User], user: UserId) -> Result<(), UserChange> {
    let is_other_owner = |other: &User| other.id != user && can_own(other);
    match known(users, user)?.role == Role::Owner && !users.iter().any(is_other_owner) {
        true => Err(UserChange::LastOwner),
        false => Ok(()),
    }
}

/// Whether the tokens of a user with this role are in force: only owners make them.
pub(crate) fn keeps_tokens(role: Role) -> bool {
    role == Role::Owner
}

fn known(users: &[User], user: UserId) -> Result<&User, UserChange> {
    users.iter().find(|known| known.id == user).ok_or(UserChange::NoUser)
}

/// Whether the user is an owner who can log in.
fn can_own(user: &User) -> bool {
    user.role == Role::Owner && user.password.is_some()
}

fn find_name<'a>(users: &'a [User], name: &str) -> Option<&'a User> {
    users.iter().find(|user| user.name.eq_ignore_ascii_case(name))
}

/// The user whose password is set where none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstOwner {
    /// This owner.
    Known(UserId),
    /// This viewer, who has the name of the first owner and becomes an owner.
    Promoted(UserId),
    /// A new user, called [`FIRST_OWNER`].
    New,
}

/// The oldest owner; else the user who has the name of the first owner, or will have it.
pub(crate) fn first_owner(users: &[User]) -> FirstOwner {
    let oldest = users.iter().filter(|user| user.role == Role::Owner).min_by_key(|user| user.id);
    match (oldest, find_name(users, FIRST_OWNER)) {
        (Some(owner), _) => FirstOwner::Known(owner.id),
        (None, Some(viewer)) => FirstOwner::Promoted(viewer.id),
        (None, None) => FirstOwner::New,
    }
}

/// The logins of a user that end because there are more than `max`: those that were seen longest ago.
pub(crate) fn logins_to_end(mut logins: Vec<Login>, max: u32) -> Vec<i64> {
    logins.sort_unstable_by_key(|login| std::cmp::Reverse((login.seen_at, login.id)));
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    logins.into_iter().skip(max).map(|login| login.id).collect()
}

/// Whether a token may be made: there are fewer than `max`, and its maker, if a user, is an owner.
pub(crate) fn may_make_token(users: &[User], maker: Option<UserId>, tokens: u32, max: u32) -> bool {
    let is_owner = |maker| known(users, maker).is_ok_and(|user| user.role == Role::Owner);
    tokens < max && maker.is_none_or(is_owner)
}

/// The key that may set the first password once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetupKey {
    pub(crate) digest: Digest,
    pub(crate) expires_at: Timestamp,
}

impl SetupKey {
    /// As it is stored: `DIGEST/MILLISECONDS`.
    pub(crate) fn to_text(self) -> String {
        format!("{}/{}", hex(&self.digest), self.expires_at.0)
    }

    /// `None` if an earlier version stored it, whose keys never expired.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (digest, expires_at) = text.split_once('/')?;
        let digest = unhex(digest)?.try_into().ok()?;
        Some(Self { digest, expires_at: Timestamp::from_ms(expires_at.parse().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, name: &str, role: Role) -> User {
        User {
            id: UserId(id),
            name: name.to_owned(),
            role,
            password: Some("hash".to_owned()),
            totp: None,
            totp_pending: None,
            created_at: Timestamp::default(),
        }
    }

    fn anna_and_bert() -> [User; 2] {
        [user(1, "Anna", Role::Owner), user(2, "Bert", Role::Viewer)]
    }

    #[test]
    fn a_user_is_added_up_to_the_limit_with_a_name_of_its_own() {
        let users = anna_and_bert();
        let add = |name, max| may_add(&users, name, Role::Viewer, max);
        assert_eq!(add("Carl", 3), Ok(()));
        assert_eq!(add("Carl", 2), Err(UserChange::Full));
        assert_eq!(add("ANNA", 3), Err(UserChange::NameTaken));
    }

    #[test]
    fn a_viewer_is_added_only_where_an_owner_can_log_in() {
        assert_eq!(may_add(&[], "Bert", Role::Viewer, 9), Err(UserChange::LastOwner));
        assert_eq!(may_add(&[], "Anna", Role::Owner, 9), Ok(()));
        let locked_out = User { password: None, ..user(1, "Anna", Role::Owner) };
        assert_eq!(may_add(&[locked_out], "Bert", Role::Viewer, 9), Err(UserChange::LastOwner));
    }

    #[test]
    fn an_owner_who_can_log_in_is_always_left() {
        let users = anna_and_bert();
        let [anna, bert] = [UserId(1), UserId(2)];
        assert_eq!(may_remove(&users, anna), Err(UserChange::LastOwner));
        assert_eq!(may_set_role(&users, anna, Role::Viewer), Err(UserChange::LastOwner));
        assert_eq!(may_set_role(&users, anna, Role::Owner), Ok(()));
        assert_eq!(may_remove(&users, bert), Ok(()));
        let mut owners =
            [users, [user(3, "Carl", Role::Owner), user(4, "Dora", Role::Viewer)]].concat();
        assert_eq!(may_remove(&owners, anna), Ok(()));
        assert_eq!(may_set_role(&owners, anna, Role::Viewer), Ok(()));
        owners[2].password = None;
        assert_eq!(may_remove(&owners, anna), Err(UserChange::LastOwner), "Carl cannot log in");
    }

    #[test]
    fn nobody_is_changed_who_is_not_there() {
        let users = anna_and_bert();
        assert_eq!(may_remove(&users, UserId(9)), Err(UserChange::NoUser));
        for role in [Role::Owner, Role::Viewer] {
            assert_eq!(may_set_role(&users, UserId(9), role), Err(UserChange::NoUser));
        }
    }

    #[test]
    fn the_first_owner_is_the_oldest_or_is_made() {
        let users = anna_and_bert();
        assert_eq!(first_owner(&users), FirstOwner::Known(UserId(1)));
        let two = [user(5, "owner", Role::Owner), user(4, "Carl", Role::Owner)];
        assert_eq!(first_owner(&two), FirstOwner::Known(UserId(4)));
        assert_eq!(first_owner(&users[1..]), FirstOwner::New);
        assert_eq!(first_owner(&[user(3, "Owner", Role::Viewer)]), FirstOwner::Promoted(UserId(3)));
    }

    #[test]
    fn the_logins_that_were_seen_longest_ago_end() {
        let login = |id: i64, seen_at| Login {
            id,
            digest: [0; 32],
            user: UserId(1),
            created_at: Timestamp(9),
            seen_at: Timestamp(seen_at),
            address: String::new(),
            browser: String::new(),
        };
        let logins = || vec![login(1, 50), login(2, 10), login(3, 40), login(4, 40)];
        assert_eq!(logins_to_end(logins(), 2), [3, 2]);
        assert_eq!(logins_to_end(logins(), 4), [0_i64; 0]);
    }

    #[test]
    fn an_owner_or_the_command_line_makes_tokens_up_to_the_limit() {
        let users = anna_and_bert();
        let may = |maker: Option<i64>, tokens| may_make_token(&users, maker.map(UserId), tokens, 3);
        assert!(may(Some(1), 2) && may(None, 2));
        assert!(!may(Some(1), 3) && !may(None, 3));
        assert!(!may(Some(2), 0), "a viewer");
        assert!(!may(Some(9), 0), "nobody");
        assert!(keeps_tokens(Role::Owner) && !keeps_tokens(Role::Viewer));
    }

    #[test]
    fn a_setup_key_is_read_as_it_was_stored() {
        let key = SetupKey { digest: [0xa7; 32], expires_at: Timestamp(1_700) };
        assert_eq!(key.to_text(), format!("{}/1700", "a7".repeat(32)));
        assert_eq!(SetupKey::parse(&key.to_text()), Some(key));
        for text in ["", "a7/1", &"a7".repeat(32), &format!("{}/x", "a7".repeat(32))] {
            assert_eq!(SetupKey::parse(text), None, "{text}");
        }
    }
}
