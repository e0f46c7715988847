# The command line: `tipoff init`, `tipoff` alone, and what `tipoff run` prints at its start. Names of columns are short.
init-exists = { $path } exists: a channel is added to it, all else stays.
init-written = { $path } is written.
init-loaded = The running Tipoff loads it within seconds.
init-restart = A Tipoff runs already: restart it, so that it finds this file.
init-next = Next: { $command }
init-nothing-written = nothing is written
init-input-ended = the input ended
init-interrupted = interrupted
init-not-shown = (not shown)
init-characters = { $count ->
    [one] (1 character)
   *[other] ({ $count } characters)
}
init-new-password = The new password, at least 8 characters:
init-no-service-but = there is no service { $name }: did you mean { $meant }?
init-no-service = there is no service { $name }: there are { $all }
init-where = Where shall alerts go?
init-name-or-number = Name or number [{ $default }]:
init-see = See { $file }.
init-example = Example: { $example }
init-required = it is required
init-not-required = Not required: { $names }.
init-one-to-set = One of these to set, or Enter to go on:
init-one-to-change = A setting to change, or Enter to try again:
init-no-setting = there is no setting { $name }: there are { $all }
init-sending = Sending a test picture …
init-sent = The test picture is sent.
init-test-failed = The test did not arrive: { $reason }
init-whole-number = a whole number is expected
init-yes-or-no = yes or no is expected
init-list = a list is written as in the example
init-table = it is written as in the example: { $example }
# The dialogue for Telegram.
init-telegram-bot = Tipoff sends its alerts by a Telegram bot of yours.
init-telegram-open = In Telegram, open a chat with { $bot } and send { $command }.
init-telegram-name = Give the bot any name. BotFather answers with a token.
init-telegram-token = The token:
init-telegram-write = The bot is { $bot }. Now write it any message: { $link }
init-telegram-waiting = (For a group: add the bot to it and write there.) Waiting …
init-telegram-found = Found the chat "{ $title }".
init-telegram-sent = A test picture is in the chat.
init-enter-tries = Enter tries again:
init-enter-waits = Enter waits again:
# `tipoff` alone.
init-about = Tipoff { $version } receives the alerts of cameras and delivers them to phones.
init-next-heading = Next:
init-help = `tipoff --help` lists all commands.
init-environment = the environment
init-unreadable = it cannot be read
init-configuration = configuration
init-no-file = no file yet: the defaults apply
init-no-channel = { $path }, no channel yet
init-channels = { $count ->
    [one] { $path }, 1 channel
   *[other] { $path }, { $count } channels
}
init-server = server
init-runs = runs with the data folder { $folder }
init-runs-not = does not run with the data folder { $folder }
init-runs-unknown = not known: this user may not look into { $folder }
init-dashboard = dashboard
init-dashboard-at = { $url }, no password yet
init-does-init = asks where alerts go, and tests it
init-does-run = receives from cameras, until it is stopped
init-does-send = sends a test picture, as a camera does
init-does-doctor = checks ports, disk, certificate and channels
init-does-link = prints a link that sets the dashboard's password
init-does-list = lists what arrived
init-does-check = shows each fault of the configuration at its line
init-does-example = prints a file with everything that can be set
# What `tipoff run` prints.
init-ready = Tipoff { $version } is ready.
init-no-network = This machine is on no network yet, so its address for cameras is not known. When it is, `tipoff doctor` and the dashboard show the address.
init-of-container = Cameras do not reach { $address }, which is the container's own address: set { $variable } to the address of the machine that runs the container.
init-mail-page = Type into the camera's e-mail page:
init-ftp-page = Type into the camera's FTP page:
init-alarm-page = Type into the camera's alarm server or webhook page (HTTP):
# Names of columns.
init-column-smtp = SMTP server
init-column-ftp = FTP server
init-column-port = port
init-column-encryption = encryption
init-column-user = user
init-column-addresses = from, to
init-column-folder = folder
init-column-address = address
init-column-password = password
init-none = none
init-none-or = none (or { $other })
init-any-address = any address, such as { $example }
init-any-or-none = any, or none
init-user-with-password = { $user }, with its password
init-user-of-device = the one of its [[device]], with its password
init-password-of-device = of its [[device]], behind the address: { $path }
init-password-or-none = none, or of its device: { $path }
init-this-machine = this machine's address
init-alerts-nowhere = Alerts go nowhere yet: no channel is configured. Add one in the dashboard, or by `tipoff init`.
# Names of lines at the end.
init-alerts-go-to = Alerts go to
init-kept-in = Kept in
init-dashboard-name = Dashboard
init-health = Health
init-try-it = Try it: { $command }
init-no-password = { $url } (no password yet: { $command } prints a link to set it)
init-set-password = { $url } (sets its password, once, within an hour)
