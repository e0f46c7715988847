# An incident: its page, its card in lists, and its pictures.
incident-something-arrived = Something arrived
incident-not-recognised = Not recognised
incident-not-seen = not seen
incident-device-and-time = { $device }, { $day } at { $time }
incident-suppressed = suppressed
incident-suppressed-means = stored, not alerted
incident-muted = muted
incident-not-interesting = not interesting
incident-not-interesting-by = no more alerts are sent: { $by }
incident-locked = locked
incident-locked-by = kept until it is unlocked: { $by }
incident-locked-since = Locked by { $by }; stored until it is unlocked
incident-lock = Lock
incident-lock-means = Keep this incident regardless of its age and of free space
incident-unlock = Unlock

# Pictures and videos
incident-pictures-and-videos = Pictures and videos
incident-all-pictures = All pictures and videos
incident-zoom = Zoom { $name }
incident-place = { $number } of { $total }
incident-converted-first = Browsers do not play this kind of video; it is converted first.
incident-incomplete-video = incomplete: it may not play
incident-incomplete-picture = incomplete: the connection broke

# Arrivals
incident-arrivals = Arrivals
incident-mail = Mail without a subject
incident-upload = Upload
incident-alarm = Alarm
incident-original-mail = original mail
incident-original-file = original file
incident-original-request = original request
incident-original-message = original message
incident-torn = The connection broke before the end. This is what was received.
incident-malformed = This mail is malformed: parts may be missing here. The original mail has everything.
incident-decoration = Pictures that only decorate the mail, such as a logo, are listed and not sent.
incident-from-address = from { $address }
incident-as-login = as { $name }
incident-sender = sender { $address }
incident-recipients = to { $addresses }
incident-encrypted = encrypted
incident-not-encrypted = not encrypted

# Deliveries
incident-deliveries = Deliveries
incident-no-alert = No alert was sent.
incident-no-alert-because = No alert was sent: { $why }.
incident-no-alert-now = No alert is sent: { $why }.
incident-dismissed = Not interesting since { $time }: { $by }. No more alerts are sent.
incident-first-alert = first alert
incident-follow-up = follow-up
incident-summary = summary
incident-report = report
incident-state-pending = waiting
incident-state-delivered = delivered
incident-state-refused = refused
incident-state-expired = expired
incident-state-withdrawn = withdrawn
incident-accepted-after = accepted after { $time }
incident-next-attempt = Next attempt at { $time }.
incident-waits-for-channel = Sent as soon as the channel accepts alerts again.
incident-retry = Retry
incident-retry-all = Retry all

# Download, share, mute
incident-download-and-share = Download and share
incident-download-all = Download everything as a zip file
incident-link-valid-for = Link without login, valid for
incident-create-link = Create link
incident-mute-name = Mute { $device }
incident-mute-done = Muted: arrivals are stored, no alerts are sent.
incident-no-alerts-for = No alerts for
incident-mute-device = Mute this device
incident-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
incident-weeks = { $count ->
    [one] 1 week
   *[other] { $count } weeks
}
