# Why no alert was sent. The spool stores the English text; pages recognise it and show it in the reader's language. So the
# English text here is the one that `tipoff_rules` and `tipoff_spool` write. `route` is `suppressed-route`'s name.
suppressed-route = { $route }: { $why }
suppressed-late = the device sent it long after it happened
suppressed-own-file = it is a device's own file, nothing to tell
suppressed-periodic = it was sent by the clock (`periodic` in `[incidents]`)
suppressed-muted = muted
suppressed-repeat = it was sent before
suppressed-torn = the connection broke before a whole picture was there
suppressed-flood = too many alerts of this device: told as a count every ten minutes
suppressed-address-flood = too many alerts of devices at this address that have no name here: told as a count every ten minutes
suppressed-sent-again = the device sent this mail again

# Why a route does not match, or alerts nobody.
suppressed-not-device = not for this device
suppressed-not-group = not for a group of this device
suppressed-not-event = not for "{ $event }"
suppressed-subject = the subject does not fit
suppressed-text = the text does not fit
suppressed-sender = the sender does not fit
suppressed-recipient = no recipient fits
suppressed-no-picture = no picture
suppressed-no-video = no video
suppressed-no-picture-or-video = no picture or video
suppressed-between = { $between } only, it was { $time }
suppressed-weekday = not on a { $weekday }
suppressed-mode = not in mode "{ $mode }"
suppressed-no-mode = there is no mode
suppressed-rests = { $channel } rests for { $seconds } s more
suppressed-full = { $channel } has had its alerts of this hour
suppressed-tells-nobody = tells nobody
suppressed-no-video-or-picture = no video or picture

# Without routes.
suppressed-no-channel = no channel is configured

# The hours of a device, as if it were a route.
suppressed-schedule = this device's schedule
suppressed-never = never alerted
