# Why the API refuses something about channels. Programs get it in English.
problem-channel-unreadable = what was added before cannot be read; see docs/channels.md
problem-channel-name-in-file = the configuration file has a channel of this name
problem-channel-name-taken = another channel has this name
problem-channel-changed = the channels were changed meanwhile: reload the page
problem-channel-name-form = 1 to 60 characters, and no invisible ones or ones that change the direction of text
problem-channel-moved = `{ $key }` was changed: type this again
problem-channel-nothing = there is no [[channel]], [[route]], [[schedule]] or [[mode]] in it
problem-channel-no-answer = no answer within a minute
problem-field-required = this is required
problem-field-negative = it is negative
problem-field-duration = write it like "20 s", "5 min", "2 h" or "30 days"
problem-field-time = write a time of day from "00:00" to "24:00", or "sunset", "sunrise-0:30"
problem-field-hours = write two times of day from 00:00 to 24:00, such as "22:00-06:00" or "sunset-sunrise+0:30"
problem-field-place = sunrise and sunset need a place: add `place = "52.52, 13.40"` at the top of the file
problem-route-name-taken = another route has this name
problem-mode-name-taken = another mode has this name
problem-field-many = there are more than { $count }
problem-modes-in-file = the configuration file sets the home modes: change them there
problem-push-full = too many browsers are subscribed: remove one
problem-channel-named = these routes name the channel: { $routes }; change them first
problem-mode-named = these routes name the mode { $mode }: { $routes }; change them first
problem-channel-named-in-file = the configuration file names the channel ({ $place }); change it there first
