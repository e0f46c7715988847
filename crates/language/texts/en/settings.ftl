# The settings page: one's own account, logged-in browsers, users, and tokens for programs.
settings-log-out = Log out
settings-shared-and-audit = Shared links and audit log
settings-shared-links = Shared links
settings-audit-log = Audit log
settings-tokens = Tokens for programs
settings-tokens-what = A program sends its token to the <a href="api">API</a>: <code>Authorization: Bearer tip_…</code>. A token ends when the owner who created it is removed or becomes a viewer.
# A token: what it allows, who created it, when, and when it was used.
settings-token = { $scope }, created { $created } by { $creator }, { $used }
settings-token-never-used = never used
settings-token-used = last used { $time }
settings-creator-unknown = unknown
settings-scope-read = read only
settings-scope-change = read and change
settings-scope-feed = feed only
settings-scope-feed-address = feed only, with the token in the address
settings-revoke = Revoke
settings-revoke-confirm = The program can no longer use the token. Continue?
settings-purpose = Purpose
settings-permissions = Permissions
settings-create-token = Create token
settings-logged-in-as = You are logged in as <strong>{ $name }</strong> ({ $role }).
settings-role-owner = owner
settings-role-viewer = viewer
settings-old-password = Old password
settings-new-password = New password, at least 8 characters
settings-revoke-tokens-too = Revoke all tokens for programs, too
settings-others-log-in-again = Your other browsers must log in again.
settings-change-password = Change password
settings-codes = One-time codes
settings-codes-needed = Logging in needs a code of your authenticator app after the password.
settings-codes-off = Turn off one-time codes
settings-codes-why = An authenticator app on your phone shows a new code every 30 seconds. A stolen password alone is then not enough to log in.
settings-codes-set-up = Set up one-time codes
settings-codes-scan = Scan this with your authenticator app, or type the secret into it. It is shown only once.
settings-codes-qr = QR code of the secret
settings-codes-shown = Code that the app shows
settings-codes-confirm = Confirm code
settings-codes-recovery = <strong>One-time codes are on.</strong> Store these recovery codes where you can find them without your phone. Each replaces one code, once. They are shown only once.
settings-browsers = Logged-in browsers
settings-this-browser = this browser
settings-login-times = logged in { $since }, last seen { $seen }
settings-log-out-others-confirm = All your other browsers must log in again.
settings-log-out-others = Log out my other browsers
settings-browser-on = { $browser } on { $system }
settings-browser-unknown = Unknown browser
settings-users = Users
settings-users-what = An owner sees and changes everything. A viewer sees incidents, devices, sessions and channels, and changes only their own password, code and logins.
settings-you = you
settings-user = { $role }; added { $since }
settings-user-with-codes = { $role }, with one-time codes; added { $since }
settings-make-viewer = Make viewer
settings-make-viewer-confirm = { $name } can no longer change anything, and the tokens that they created end.
settings-make-owner = Make owner
settings-make-owner-confirm = { $name } can change everything, users and passwords too.
settings-user-codes-off = Turn off codes
settings-user-codes-off-confirm = { $name } no longer needs a code.
settings-remove = Remove
settings-remove-confirm = { $name } is logged out everywhere and can no longer log in, and the tokens that they created end.
settings-set-password = Set password
settings-set-password-done = Saved. All browsers of this user are logged out.
settings-user-added = Added.
settings-password-length = Password, at least 8 characters
settings-role = Role
settings-add-user = Add user
# The list of shared links.
settings-links-what = A shared link shows one incident without a login until it expires or is revoked. Create links on the page of an incident.
settings-no-links = No incident is shared.
settings-link = Created by { $created }. Expires { $until }. Opened: { $opened }.
settings-link-not-opened = not yet
settings-link-opened = { $count ->
    [one] 1 time, last { $last }
   *[other] { $count } times, last { $last }
}
settings-link-revoke-confirm = The link stops working. Continue?
