//! The entries of the tables of [`routes`](super::routes), and the routers that are made from them.
//!
//! Each function returns a router together with its [`Rights`], so that `mod.rs` cannot put one before a guard without the
//! other. A line of a table without a right or without a statement about the audit log does not compile.

use axum::Router;
use axum::http::Method;
use axum::routing::MethodRouter;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::AppState;
use super::access::{AllowedUsers, Rights};
use super::layout::{Navigation, Tab, TabEntry};
use crate::audit::AuditAction;

/// The audit actions of a route that succeeds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Audit {
    /// It changes nothing.
    Reads,
    /// An entry with one or more of these actions.
    Writes(&'static [AuditAction]),
    /// It changes something and writes no entry, for this reason.
    NoEntry(&'static str),
}

/// A page behind the login.
pub(super) struct PageRoute {
    /// Its path, as axum writes it.
    pub(super) path: &'static str,
    /// The tab that leads to it. `None`: another page links to it.
    tab: Option<TabEntry>,
    /// Who may read it.
    users: AllowedUsers,
    /// Makes the handler; called once, when the router is made.
    handler: fn() -> MethodRouter<AppState>,
}

/// A call of the API. Its handler has the method and the path.
pub(super) struct ApiRoute {
    /// Who may use it.
    pub(super) users: AllowedUsers,
    /// Its audit actions.
    pub(super) audit: Audit,
    /// Makes the handler with its description.
    handler: fn() -> UtoipaMethodRouter<AppState>,
}

/// A form or hook outside of the API that changes something.
pub(super) struct FormRoute {
    pub(super) path: &'static str,
    /// `None` where the request itself contains the proof.
    users: Option<AllowedUsers>,
    handler: fn() -> MethodRouter<AppState>,
}

/// A line of the table of pages.
pub(super) const fn page(
    path: &'static str,
    tab: Option<TabEntry>,
    users: AllowedUsers,
    handler: fn() -> MethodRouter<AppState>,
) -> PageRoute {
    PageRoute { path, tab, users, handler }
}

/// A line of the table of calls. `Writes` without an action does not compile.
pub(super) const fn call(
    handler: fn() -> UtoipaMethodRouter<AppState>,
    users: AllowedUsers,
    audit: Audit,
) -> ApiRoute {
    check(audit);
    ApiRoute { users, audit, handler }
}

/// A line of the table of forms. `Writes` without an action does not compile.
pub(super) const fn form(
    path: &'static str,
    users: Option<AllowedUsers>,
    audit: Audit,
    handler: fn() -> MethodRouter<AppState>,
) -> FormRoute {
    check(audit);
    FormRoute { path, users, handler }
}

/// Refuses a statement that says nothing. It runs at compile time, since the tables are constants.
const fn check(audit: Audit) {
    match audit {
        Audit::Reads => {}
        Audit::Writes(actions) => assert!(!actions.is_empty(), "which actions does it write?"),
        Audit::NoEntry(reason) => assert!(!reason.is_empty(), "why does it write no entry?"),
    }
}

/// The pages, and who may read them.
pub(super) fn page_router(routes: &[PageRoute]) -> (Router<AppState>, Rights) {
    let mut rights = Rights::default();
    let router = routes.iter().fold(Router::new(), |router, route| {
        rights.allow(Method::GET, route.path, route.users);
        router.route(route.path, (route.handler)())
    });
    (router, rights)
}

/// The tabs of the navigation.
pub(super) fn navigation(routes: &'static [PageRoute]) -> Navigation {
    let tab = |route: &'static PageRoute| {
        let TabEntry { name, icon } = route.tab.as_ref()?;
        Some(Tab { path: route.path, name, icon, current: false })
    };
    Navigation::new(routes.iter().filter_map(tab).collect())
}

/// The forms that need a login, with their rights, and those that bring their own proof.
pub(super) fn form_routers(
    routes: &[FormRoute],
    rights: &mut Rights,
) -> (Router<AppState>, Router<AppState>) {
    let (mut guarded, mut open) = (Router::new(), Router::new());
    for route in routes {
        match route.users {
            Some(users) => {
                rights.allow(Method::POST, route.path, users);
                guarded = guarded.route(route.path, (route.handler)());
            }
            None => open = open.route(route.path, (route.handler)()),
        }
    }
    (guarded, open)
}

/// The calls of the API with their description, and who may use them.
pub(super) fn api_router(
    routes: &[ApiRoute],
    base: utoipa::openapi::OpenApi,
) -> (OpenApiRouter<AppState>, Rights) {
    let mut rights = Rights::default();
    let router = OpenApiRouter::with_openapi(base);
    let router = routes.iter().fold(router, |router, route| {
        let mut handler = (route.handler)();
        for (path, item) in &mut handler.1.paths {
            for (method, operation) in operations(item) {
                rights.allow(method, path, route.users);
                describe(operation, route);
            }
        }
        router.routes(handler)
    });
    (router, rights)
}

/// The operations of a path by their methods.
pub(super) fn operations(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, it)| Some((method, it.as_mut()?))).collect()
}

/// Adds `x-users` and `x-audit`: who may use the call, and the actions that it writes to the audit log.
fn describe(operation: &mut Operation, route: &ApiRoute) {
    let actions: &[AuditAction] = match route.audit {
        Audit::Writes(actions) => actions,
        Audit::Reads | Audit::NoEntry(_) => &[],
    };
    let actions: Vec<&str> = actions.iter().map(|action| action.as_str()).collect();
    let extensions = ExtensionsBuilder::new()
        .add("x-users", route.users.as_str())
        .add("x-audit", actions)
        .build();
    operation.extensions.get_or_insert_default().merge(extensions);
}
