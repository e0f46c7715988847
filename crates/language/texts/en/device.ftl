# The list of devices, the page of one, and the page that adds one.
device-title = Devices
device-add = Add a camera
device-search = Search
device-none = No device has sent anything yet.
device-none-matches = No device matches.
device-last-seen = last seen { $time }
device-last-seen-strong = Last seen <strong>{ $time }</strong>
device-never = never
device-incidents-today = { $count ->
    [one] 1 incident today
   *[other] { $count } incidents today
}
device-incidents-by-day = incidents of the last { $count } days: { $list }
device-muted = muted
device-inactive = inactive
device-more = More
device-discovered = discovered
device-added-here = added here
device-configured = configured
device-channel-of = channel of { $recorder }
device-of-vendor = { $vendor }, { $known }

# The page of one device.
device-all-incidents = All incidents
device-sessions = Sessions
device-setup-guide = Setup guide
device-seen-at = { $place } by { $protocol }, { $time }
device-also-known = also known as { $name }
device-muted-until = Muted until { $time }: arrivals are stored, no alerts are sent.
device-unmute = Unmute
device-no-picture = No picture: <span class="said" lang="en">{ $fault }</span> ({ $time }).
device-take-picture = Take a picture now
device-settings = Settings
device-set-in-file = The configuration file sets the name and the login of this device. Change them there.
device-saved = Saved.
device-name = Name
device-rename = Rename
device-muted-done = Muted.
device-mute-for = Mute alerts for
device-for-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
device-for-day = 1 day
device-for-week = 1 week
device-mute = Mute
device-inactivity-after = Inactivity alert after
device-save = Save
device-merge-ask = Everything of this device moves to the other one. This cannot be undone. Continue?
device-merge-into = Merge into
device-merge = Merge
device-user = User: <code>{ $user }</code>.
device-password-ask = The old password stops working. Continue?
device-new-password = Generate new password
device-revoke-ask = The device can no longer log in. Continue?
device-revoke = Revoke login

# A device that Tipoff asks for its events. `kind` is the name of a protocol.
device-pull-connecting = Asked for its events at { $camera } ({ $kind }): the first answer is awaited
device-pull-connected = Asked for its events at { $camera } ({ $kind }): connected { $time }
device-pull-failing = Asked for its events at { $camera } ({ $kind }): no connection; the first failure was { $time }
device-pull-stopped = Asked for its events at { $camera } ({ $kind }): not asked any more; it stopped { $time }
device-pull-elsewhere = Asked for its events at { $camera } ({ $kind }): another node asks it
device-pull-sign = { $pull }; last sign of life { $time }
device-pull-next = The next try is at { $time }.

# The page that adds a camera.
device-add-how = Give the camera a name. It gets its own user and password, by which Tipoff recognises it.
device-add-example = Front yard
device-add-button = Add
device-add-any = Any device that sends mail or uploads files by FTP can be added.
