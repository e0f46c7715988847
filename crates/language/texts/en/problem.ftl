# Why a request is refused: on pages, in forms, and in the details of the API's problems, which begin in lower case.
problem-wrong-login = wrong name or password
problem-wrong-code = wrong code, or a code that was already used
problem-login-expired = the time limit has passed; enter the password again
problem-too-many-attempts = { $count ->
    [one] too many attempts; try again in { $count } second
   *[other] too many attempts; try again in { $count } seconds
}
problem-setup-link = invalid or expired link; `tipoff password --link` makes a new one
problem-password-length = a password must have 8 to 200 characters
problem-user-name = a name must have 1 to 60 characters, and no invisible ones or ones that change the direction of text
problem-tokens-full = the limit of 100 tokens is reached; revoke one first
problem-users-full = the limit of 50 users is reached; remove one first
problem-name-taken = another user has this name
problem-last-owner = there must be an owner with a password: first add one, or make another user an owner
problem-no-such-user = user not found
problem-no-secret = there is no new secret to confirm; start again
problem-machine = this machine cannot make or check a password: { $reason }
problem-spool = the spool is not available; see the log
problem-locks-full = the incident ({ $size } MB) cannot be locked: { $locked } MB are locked already, and at most { $max } MB can be, which is half of [retention] max_size; unlock another incident, or download this one
problem-page-not-rendered = the page could not be rendered
problem-csrf = security check failed; reload the page
problem-token-in-person = a token cannot change users, logins, passwords or tokens; log in instead
problem-token-read-only = this token is read-only
problem-owners-only = only an owner may do this
problem-token-invalid = invalid or revoked token
problem-token-feed-only = this token is for the feed only
problem-not-logged-in = log in, or send an API token: `Authorization: Bearer tip_…`
problem-no-account = only a user who is logged in here has a password and one-time codes
problem-own-account = this needs your current password: use the forms of your own account
problem-which-user = user: give the number of a user
problem-revoke-owners-only = only an owner may revoke tokens
problem-token-scope = may_change: it contradicts `scope`
problem-token-name = name: from 1 to 60 characters
problem-audit-query = limit: from 1 to 500; who, what: at most 200 characters
problem-mute-length = muted_for_s: at most a year
problem-no-mode = mode: not one of the configured modes: { $modes }
# What an action link could not do.
problem-action-no-device = There is no such device any more. The dashboard shows all devices.
problem-action-no-incident = This incident is no longer stored.
problem-action-no-mode = There is no such mode any more: { $modes }.
problem-action-not-stored = Nothing was changed because it could not be stored. Try again in a moment.
# What was not found.
problem-no-incident = incident not found, or no longer stored
problem-no-arrival = arrival not found, or no longer stored
problem-no-device = device not found, or no longer stored
problem-no-channel = channel not found, or no longer stored
problem-no-added-channel = channel that was added here not found, or no longer stored
problem-no-feed = feed not found, or no longer stored
problem-no-file = file not found, or no longer stored
problem-no-link = link not found, or no longer stored
problem-no-device-login = login of a device that was added here not found, or no longer stored
problem-no-login = login not found, or no longer stored
problem-no-page = page not found, or no longer stored
problem-no-service = service that can be added here not found, or no longer stored
problem-no-session = session not found, or no longer stored
problem-no-thumbnail = thumbnail not found, or no longer stored
problem-no-token = token not found, or no longer stored
problem-no-user = user not found, or no longer stored
problem-no-video = video not found, or no longer stored
problem-no-browser = browser not found, or no longer stored
problem-no-route = route that was added here not found, or no longer stored
problem-body-large = the request is too large: at most { $count } KB
