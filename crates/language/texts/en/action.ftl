# What a button or a command did. `what` is a device, or everything.
action-everything = Everything
action-muted = { $what } is muted until { $time }.
action-muted-label = Until { $time }
action-unmute = Unmute
action-not-muted = { $what } is not muted.
action-not-muted-label = Not muted
action-mode = The mode is { $mode }.
action-mode-back = Back to { $mode }
action-dismissed = No more alerts of this incident are sent.
action-restore = Interesting after all
action-restored = Alerts of this incident are sent again.
action-restored-label = Interesting
action-locked = This incident is locked: it is kept until it is unlocked.
action-locked-label = Locked
action-unlock = Unlock
action-unlocked = This incident is not locked.
action-unlocked-label = Unlocked

# Answers to commands in a chat.
overview-mode = Mode: { $mode } (of { $all })
overview-muted = { $what } is muted until { $time }
overview-until = muted until { $time }
overview-devices = { $count ->
    [one] 1 device; last: { $last }
   *[other] { $count } devices; last: { $last }
}
overview-no-device = No device has sent anything yet.
overview-more-devices = There are more: the dashboard shows all devices.
overview-nothing-yet = nothing yet
overview-no-incident = There is no incident yet.
overview-nothing-waits = No alert is waiting
overview-waiting = { $count ->
    [one] 1 alert is waiting
   *[other] { $count } alerts are waiting
}
overview-pictures = { $count ->
    [one] 1 picture
   *[other] { $count } pictures
}
overview-videos = { $count ->
    [one] 1 video
   *[other] { $count } videos
}
overview-channel-fails = { $name } fails: { $error }
overview-channel-paused = { $name } is paused
overview-failed = That did not work just now. Try again in a moment.
ago-now = just now
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
