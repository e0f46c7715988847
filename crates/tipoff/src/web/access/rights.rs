//! Who may use which route. The tables of routes fill this in; the guard asks it for each request.

use std::collections::HashMap;

use axum::http::Method;
use tipoff_spool::Role;

use super::principal::{AuthMethod, Principal};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllowedUsers {
    /// Everybody who is logged in, and every program with a token, but for the tokens of the feed.
    Everybody,
    /// Owners, and programs whose token may change something: the route changes something, or shows secrets or settings.
    Owners,
    /// Owners, but no program: users, logins, passwords and tokens. So a token that leaked makes no other, lets nobody
    /// in, and ends with its maker.
    OwnersInPerson,
    /// Everybody who is logged in, for their own account; no program, since it has no account.
    EverybodyInPerson,
}

impl AllowedUsers {
    /// The words in the description of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::Owners => "owners",
            Self::OwnersInPerson => "owners, without a token",
            Self::EverybodyInPerson => "everybody, without a token",
        }
    }

    fn include(self, principal: &Principal) -> bool {
        let is_owner = principal.role == Role::Owner;
        let is_person = !matches!(principal.auth, AuthMethod::Token { .. });
        match self {
            Self::Everybody => true,
            Self::Owners => is_owner,
            Self::OwnersInPerson => is_owner && is_person,
            Self::EverybodyInPerson => is_person,
        }
    }
}

/// The rights of the routes that one guard protects, by path and method.
#[derive(Debug, Default)]
pub(crate) struct Rights(HashMap<String, Vec<(Method, AllowedUsers)>>);

impl Rights {
    pub(crate) fn allow(&mut self, method: Method, path: &str, users: AllowedUsers) {
        self.0.entry(path.to_owned()).or_default().push((method, users));
    }

    /// Whether a principal may use a route, by the path with which it was registered.
    ///
    /// What is in no table, such as a method that a page does not have, is for everybody if it reads and else for
    /// owners.
    pub(super) fn may(&self, principal: &Principal, method: &Method, path: &str) -> bool {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let of_path = self.0.get(path).into_iter().flatten();
        let listed = of_path.filter(|(of, _)| of == method).map(|(_, users)| *users).next();
        let default =
            if *method == Method::GET { AllowedUsers::Everybody } else { AllowedUsers::Owners };
        listed.unwrap_or(default).include(principal)
    }
}

#[cfg(test)]
mod tests {
    use tipoff_spool::UserId;

    use super::*;

    fn principal(role: Role, auth: AuthMethod) -> Principal {
        Principal { name: String::new(), role, auth, csrf_token: String::new() }
    }

    #[test]
    fn a_route_without_a_line_is_read_by_everybody_and_changed_by_owners() {
        let login = AuthMethod::Login { id: 1, user: UserId(1) };
        let viewer = principal(Role::Viewer, login);
        let owner = principal(Role::Owner, login);
        let rights = Rights::default();
        assert!(rights.may(&viewer, &Method::GET, "/api"));
        assert!(rights.may(&owner, &Method::POST, "/api"));
        assert!(!rights.may(&viewer, &Method::POST, "/api"));
    }

    #[test]
    fn each_kind_of_route_is_for_its_users_only() {
        let login = AuthMethod::Login { id: 1, user: UserId(1) };
        let token = AuthMethod::Token { id: 1 };
        let principals = [
            principal(Role::Owner, login),
            principal(Role::Owner, AuthMethod::Proxy),
            principal(Role::Owner, token),
            principal(Role::Viewer, login),
            principal(Role::Viewer, token),
        ];
        for (users, expected) in [
            (AllowedUsers::Everybody, [true, true, true, true, true]),
            (AllowedUsers::Owners, [true, true, true, false, false]),
            (AllowedUsers::OwnersInPerson, [true, true, false, false, false]),
            (AllowedUsers::EverybodyInPerson, [true, true, false, true, false]),
        ] {
            let mut rights = Rights::default();
            rights.allow(Method::GET, "/x", users);
            for method in [Method::GET, Method::HEAD] {
                let allowed = principals.each_ref().map(|it| rights.may(it, &method, "/x"));
                assert_eq!(allowed, expected, "{users:?}");
            }
        }
    }
}
