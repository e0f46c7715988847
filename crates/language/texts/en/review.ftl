# The review: a night or a day at a glance.
review-night-or-day = Night or day
review-night-of = Night of { $date }
review-day-of = Day of { $date }
review-earlier = Earlier
review-later = Later
review-month-before = Month before
review-month-after = Month after
review-day-with-incidents = { $day }, has incidents
review-events = Events
review-by-device-and-hour = Incidents by device and hour
review-device = Device
review-more-devices = { $count ->
    [one] 1 more device has incidents.
   *[other] { $count } more devices have incidents.
}
review-newest-counted = { $count ->
    [one] Only the newest incident is counted.
   *[other] Only the newest { $count } incidents are counted.
}
review-what-is-shown = What is shown
review-show-all-again = show all again
review-from-hour = from { $time }
review-one-hour = one hour
review-device-number = device { $number }
review-unseen = Unseen
review-all = All
review-starred = Starred
review-most-important-first = Most important first
review-newest-first = Newest first
review-mark-all-seen = Mark all as seen
review-select = Select
review-selected = Selected incidents
review-select-all = Select all shown
review-select-incident = Select { $title }, { $device }, { $time }
review-star = Star
review-mark-seen = Mark as seen
review-download-zip = Download as zip
review-delete = Delete
review-nothing-happened = Nothing happened. New incidents appear here automatically.
review-everything-seen = Everything here is seen.
review-nothing-matches = Nothing matches.
review-more = More
review-open = Open
review-close = Close
review-back = Back
review-previous = Previous
review-next = Next

# What the review's script writes. There is no plural.
script-review-is-video = A video: open the incident to play it.
script-review-no-picture = There is no picture.
script-review-place = { $number } of { $total }
script-review-place-more = { $number } of { $total } or more
script-review-selected = Selected: { $count }
script-review-starred = Starred.
script-review-seen = Marked as seen.
script-review-locked = Locked.
script-review-confirm-delete = Delete the selected incidents ({ $count }) with all pictures and videos? This cannot be undone.
script-review-deleted = Deleted: { $count }.
script-review-kept-locked = Kept because locked: { $count }.
script-review-kept-summary = Kept because a summary of other alerts is still to be sent: { $count }.
