# The words of alerts. Names of devices, file names and addresses are arguments.

# A title: the device's test arrived.
alert-works = { $device } works
# A title where nothing is known.
alert-plain = Alert
# A title of a follow-up that says nothing new.
alert-more = More
alert-again = { $what } again

alert-pictures = { $count ->
    [one] picture
   *[other] { $count } pictures
}
alert-videos = { $count ->
    [one] video
   *[other] { $count } videos
}
alert-files = { $count ->
    [one] file
   *[other] { $count } files
}
alert-more-pictures = { $count ->
    [one] 1 more picture
   *[other] { $count } more pictures
}
alert-more-videos = { $count ->
    [one] 1 more video
   *[other] { $count } more videos
}
alert-more-files = { $count ->
    [one] 1 more file
   *[other] { $count } more files
}
# One video, with its length: 0:08.
alert-video-length = video { $length }
alert-video-alone = video, { $length }

alert-test-with-picture = The test arrived with a picture.
alert-test-without-picture = The test has no picture. If the device is a camera, switch attachments on in its mail settings.
alert-test-text = This is how an alert looks. Alerts will arrive here.

# Below a text that a limit cut.
alert-left-out-linked = and { $count } more: { $link }
alert-left-out = and { $count } more, kept in Tipoff

# Lines about files. `place` is one of the two below.
alert-file = { $name } ({ $size }): { $why }: { $place }
alert-file-linked = open { $link }
alert-file-kept = it is kept in Tipoff
alert-file-too-big = too big for { $service } (limit { $limit })
alert-file-empty = { $name }: an empty file
alert-file-incomplete = { $name }: the recording is incomplete or damaged and may not play
alert-torn = The connection broke before the end: something may be missing.

# An alert that comes late: 03:12, 4 h late.
alert-late-minutes = { $time }, { $count } min late
alert-late-hours = { $time }, { $count } h late
alert-late-days = { $time }, { $count } days late
alert-late-day = { $day }, { $time }

# Many alerts in one.
alert-summary = { $count } more since { $time }. They are stored, and not sent one by one.

# A daily report.
report-title = Report
report-since = { $count ->
    [one] 1 incident since { $weekday } { $time }
   *[other] { $count } incidents since { $weekday } { $time }
}
report-event = { $event }: { $count }
report-other = Other
report-at = At { $time }
report-first-and-last = The first at { $first }, the last at { $last }

# A device that sends nothing.
inactive-minutes = { $count ->
    [one] { $device } has sent nothing for 1 minute
   *[other] { $device } has sent nothing for { $count } minutes
}
inactive-hours = { $device } has sent nothing for { $count } hours
inactive-days = { $device } has sent nothing for { $count } days

# Buttons below an alert: short.
button-open = Open
button-mute-minutes = { $count } min
button-mute-hours = { $count } h
button-mute-morning = Until morning
button-dismiss = Not interesting
button-lock = Keep
