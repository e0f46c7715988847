# Routes, the hours of devices, and home modes.
routing-title = Routes
routing-intro = Which alerts go to which channels. The routes are checked from top to bottom.
routing-add = Add a route
routing-of-file = from the configuration file
routing-alerted = { $count ->
    [one] { $count } incident alerted in the last 24 hours
   *[other] { $count } incidents alerted in the last 24 hours
}
routing-alerted-since = { $count ->
    [one] { $count } incident alerted since { $time }
   *[other] { $count } incidents alerted since { $time }
}
routing-suppressed = { $count ->
    [one] { $count } incident suppressed in the last 24 hours
   *[other] { $count } incidents suppressed in the last 24 hours
}
routing-suppressed-since = { $count ->
    [one] { $count } incident suppressed since { $time }
   *[other] { $count } incidents suppressed since { $time }
}
routing-everything = <strong>Everything</strong>
routing-everything-else = <strong>Everything else</strong>
routing-if-any = If any device reports something
routing-if-device = If <strong>{ $devices }</strong> reports something
routing-if-event = If any device reports <strong>{ $events }</strong>
routing-if-both = If <strong>{ $devices }</strong> reports <strong>{ $events }</strong>
routing-removed-device = a removed device
routing-other-event = an unknown event
routing-or = { $first } or { $last }
routing-between = between <strong>{ $start }</strong> and <strong>{ $end }</strong>
routing-group = in the group <strong>{ $words }</strong>
routing-subject = with the subject <strong>{ $words }</strong>
routing-text = with the text <strong>{ $words }</strong>
routing-from = from <strong>{ $words }</strong>
routing-to = to <strong>{ $words }</strong>
routing-has = with a <strong>{ $words }</strong>
routing-has-picture = picture
routing-has-video = video
routing-on-days = on <strong>{ $words }</strong>
routing-in-mode = in mode <strong>{ $words }</strong>
routing-nobody = notify <strong>nobody</strong>
routing-all = notify <strong>all channels</strong>
routing-notify = notify <strong>{ $channels }</strong>
routing-note-silent = silently
routing-note-priority = priority { $priority }
routing-note-cooldown = at most every { $time }
routing-note-per-hour = at most { $count } an hour
routing-note-first-only = without follow-ups
routing-note-continue = then the next route too
routing-priority-lowest = lowest
routing-priority-low = low
routing-priority-normal = normal
routing-priority-high = high
routing-priority-urgent = urgent
routing-rest-nobody = <strong>Everything else</strong>: notify <strong>nobody</strong>
routing-no-routes = <strong>Everything</strong>: notify <strong>all channels</strong>
routing-no-routes-why = There are no routes. When you add the first one, a last one for everything else is added.
routing-missing = Not there any more: { $names }
routing-not-reached = Never reached: a route above is for everything.
routing-fault = What was added here has a fault. None of it is in use: no channel, no route, no schedule.
routing-edit = Edit
routing-up = Move up
routing-down = Move down
routing-remove = Remove
routing-confirm-remove = Remove the route?
routing-edit-title = Edit the route
routing-devices = Devices
routing-devices-none = None selected: all devices.
routing-groups = Groups
routing-groups-none = None selected: all. A device must match both lists.
routing-events = Events
routing-events-none = None selected: all events.
routing-hours = Hours
routing-hours-how = Such as 22:00 and 06:00, or sunset and sunrise. Empty: at any time.
routing-start = From
routing-end = To
routing-days = Days
routing-days-none = None selected: every day. Hours that cross midnight belong to the day on which they begin.
routing-modes = Home modes
routing-modes-none = None selected: in every mode.
routing-notify-whom = Notify
routing-whom-all = all channels
routing-whom-these = these channels
routing-whom-nobody = nobody
routing-silent = Without sound
routing-more = More settings
routing-priority = Priority
routing-as-channel = as the channel is configured
routing-cooldown = Pause after an alert
routing-cooldown-how = For this time, further incidents of the device are stored and not alerted. Such as 2 min.
routing-per-hour = Largest number of incidents of a device in an hour
routing-follow-ups = Send later pictures and the video of an incident, too
routing-continue = Check the next routes, too
routing-continue-how = Without it, no further route is checked for an incident that matches.
routing-name = Name
routing-name-how = It explains on the timeline why an incident was alerted or not.
routing-optional = (optional)
routing-save = Save
routing-device-alerts = Alerts of this device
routing-always = always
routing-at-hours = at these hours
routing-never = never
routing-of-file-schedule = The configuration file has a schedule for this device as well.
routing-saved = Saved.
routing-modes-title = Home modes
routing-modes-one = Home mode
routing-modes-intro = One mode is active at a time: the last one that somebody chose, or that began at its time. Routes can depend on it.
routing-modes-of-file = The configuration file sets the modes. Change them there.
routing-modes-begin = Begins at
routing-modes-begin-how = Such as 22:30 or sunset; several with commas. Empty: only when somebody chooses it.
routing-modes-add = Add a mode
routing-modes-none-yet = There are no modes.
