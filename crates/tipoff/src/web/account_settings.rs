//! The parts of the settings page about users: one's own account, the logins, and all users.
//!
//! Owners see everybody; a viewer sees their own account and logins, as the API's rights say too.

use tipoff_spool::{Role, User};

use super::AppState;
use super::access::Principal;
use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::text;

/// What the settings page shows of users.
pub(super) struct Accounts {
    /// The reader's own account. `None` for a proxy's user, whose account the proxy keeps.
    pub(super) own: Option<OwnUser>,
    /// Browsers that are logged in: all for an owner, else the reader's own.
    pub(super) logins: Vec<LoginRow>,
    /// All users, for an owner.
    pub(super) users: Vec<UserRow>,
    /// Whether the principal is an owner.
    pub(super) is_owner: bool,
}

/// The principal's own account.
pub(super) struct OwnUser {
    pub(super) name: String,
    pub(super) role: String,
    /// Whether a one-time code is required after the password.
    pub(super) totp: bool,
    /// Whether there are more logins than the present one.
    pub(super) others: bool,
}

/// A browser that is logged in.
pub(super) struct LoginRow {
    pub(super) id: i64,
    /// Name of the user.
    pub(super) user: String,
    /// Name of the browser, from its User-Agent.
    pub(super) browser: String,
    pub(super) address: String,
    /// When the login began.
    pub(super) since: String,
    /// When it was used last.
    pub(super) seen: String,
    /// Whether it is the login that shows this page.
    pub(super) present: bool,
}

/// A user.
pub(super) struct UserRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) is_owner: bool,
    pub(super) role: String,
    pub(super) totp: bool,
    pub(super) since: String,
    /// Whether it is the reader, who changes their own account in another form.
    pub(super) is_you: bool,
}

/// Reads what the principal may see.
pub(super) async fn read(
    state: &AppState,
    principal: &Principal,
    clock: &ReaderClock,
) -> Result<Accounts, Problem> {
    let users = state.spool.users().await?;
    let mut logins = Vec::new();
    let (mut others, you) = (false, principal.user());
    for (login, user, present) in state.access.logins_for(principal).await? {
        others |= Some(login.user) == you && !present;
        logins.push(LoginRow {
            id: login.id,
            user,
            browser: browser(&login.browser),
            address: login.address,
            since: clock.ago(login.created_at),
            seen: clock.ago(login.seen_at),
            present,
        });
    }
    let own = users.iter().find(|user| Some(user.id) == you).map(|user| OwnUser {
        name: user.name.clone(),
        role: role(user.role),
        totp: user.totp.is_some(),
        others,
    });
    let row = |user: User| UserRow {
        id: user.id.0,
        is_owner: user.role == Role::Owner,
        role: role(user.role),
        totp: user.totp.is_some(),
        since: clock.ago(user.created_at),
        is_you: Some(user.id) == you,
        name: user.name,
    };
    let is_owner = principal.is_owner();
    let users = if is_owner { users.into_iter().map(row).collect() } else { Vec::new() };
    Ok(Accounts { own, logins, users, is_owner })
}

/// A role in words.
fn role(role: Role) -> String {
    match role {
        Role::Owner => text("settings-role-owner").to_string(),
        Role::Viewer => text("settings-role-viewer").to_string(),
    }
}

/// A browser's name out of its User-Agent, as far as people know it.
pub(super) fn browser(agent: &str) -> String {
    // Each claims to be those after it.
    let names = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&names), find(&systems)) {
        (Some(name), Some(system)) => {
            text("settings-browser-on").words("browser", name).words("system", system).to_string()
        }
        (Some(name), None) => name.to_owned(),
        (None, _) if agent.is_empty() => text("settings-browser-unknown").to_string(),
        (None, _) => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_as_people_know_it() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("<script>", "<script>"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }
}
