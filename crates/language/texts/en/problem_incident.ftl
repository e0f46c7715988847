# Why the API or a page refuses something about incidents. Programs get it in English.
problem-incident-event = event: no such kind
problem-incident-state = state: no such state
problem-incident-day = day: write 2026-11-24
problem-incident-day-far = day: too far away
problem-incident-time = a time is written as 2026-11-24T08:00:00Z
problem-incident-text = text: at most 200 characters
problem-incident-limit = limit: from 1 to 200
problem-incident-part = part: night or day
problem-incident-show = show: unseen, all or starred
problem-incident-order = order: importance or time
problem-incident-month = month: write 2026-11-01
problem-incident-ids = ids: numbers with commas between them
problem-incident-ids-many = ids: from 1 to 100
problem-incident-marks-many = ids: at most 200
problem-incident-token-has-no-marks = a token has no marks: log in as a user
problem-incident-zip-too-large = these incidents have more than 4 GB of files: select fewer
problem-incident-not-described = the incident cannot be described
problem-incident-link-lasts = lasts_s: from 1 to 7776000
problem-incident-links-full = the limit of 1,000 links is reached; revoke one first
problem-incident-feed-not-rendered = the feed cannot be rendered
problem-incident-feed-token = a token that can change things must not stand in an address: make one with `tipoff token NAME --feed`, and revoke this one, because others may have seen it

# Videos as browsers play them.
problem-incident-renditions-unread = the stored renditions cannot be read; see the log
problem-incident-renditions-many = Too many videos are being converted; try again in a minute.
problem-incident-not-converted = This kind of video does not play in browsers, and it is not converted because ffmpeg is not installed or [video] convert is off.
problem-incident-video-too-long = The video is too long to be converted for a page.
problem-incident-video-no-index = This video cannot be played: the recording is incomplete: its index is missing, so no program can play it.
problem-incident-video-faulty = This video cannot be played: { $trouble }.
problem-incident-video-failed-here = The video could not be converted here: { $trouble }.
