# The overview page.
overview-no-problems = No problems.
overview-attention = Needs attention
overview-no-channel-yet = No channel is configured: alerts are only shown here.
overview-wants-paused = The channel { $name } is paused.
overview-wants-failing = The channel { $name } is failing.
# `repair` is what a service said, in English.
overview-wants-repair = Alerts of { $name } are { $repair }.
overview-wants-failed = { $count ->
    [one] { $name }: 1 alert was refused or expired today.
   *[other] { $name }: { $count } alerts were refused or expired today.
}
overview-wants-inactive = { $name } is inactive.
overview-wants-disk = The disk is full: { $free } free, { $kept } required. The oldest incidents are removed; free some space.
overview-wants-restart = { $key } was changed in the file and takes effect after a restart.
overview-current-mode = Mode: <strong>{ $mode }</strong>
overview-all-muted = All alerts are muted until { $time }: arrivals are stored, no alerts are sent.
overview-unmute = Unmute
overview-this-hour = Arrivals this hour
overview-last-day = Arrivals, last 24 h
overview-stored = Stored
overview-disk = Disk
overview-oldest = Oldest incident
overview-none-stored = nothing yet
overview-disk-use = { $used } of { $max }; { $free } free, { $kept } kept free
overview-disk-use-locked = { $used } of { $max }, { $locked } in { $count } locked; { $free } free, { $kept } kept free
overview-by-hour = Arrivals by hour, last 48 h
overview-bars = arrivals of the last 48 hours: { $list }
overview-median = Median time from arrival to delivery, latest 200 alerts
overview-no-channel = No channel is configured.
overview-unknown = unknown
overview-configuration = Configuration
overview-configuration-read = { $path }, read { $time }
overview-configuration-none = none; the defaults apply
overview-mute-for = Mute all alerts for
overview-1-hour = 1 hour
overview-8-hours = 8 hours
overview-1-day = 1 day
overview-mute-all = Mute all
overview-muted-now = Muted.
# The page of an action link: the question, and the button that answers it.
overview-act-done = Done
overview-act-mute-all-morning = Mute everything until the morning?
overview-act-mute-morning = Mute { $device } until the morning?
overview-act-mute-all-minutes = Mute everything for { $count } min?
overview-act-mute-minutes = Mute { $device } for { $count } min?
overview-act-unmute-all = Unmute everything?
overview-act-unmute = Unmute { $device }?
overview-act-mode = Set the mode to { $mode }?
overview-act-dismiss = Send no more alerts of this incident?
overview-act-restore = Send alerts of this incident again?
overview-act-lock = Keep this incident until it is unlocked?
overview-act-unlock = Unlock this incident?
overview-label-mute = Mute
overview-label-mode = Set mode
overview-label-dismiss = Not interesting
overview-label-restore = Interesting
overview-label-lock = Lock
overview-label-unlock = Unlock
