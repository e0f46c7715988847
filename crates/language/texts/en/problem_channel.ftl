# Why the API refuses something about channels. Programs get it in English.
problem-channel-unreadable = what was added before cannot be read; see docs/channels.md
problem-channel-name-in-file = the configuration file has a channel of this name
problem-channel-name-taken = another channel has this name
problem-channel-changed = the channels were changed meanwhile: reload the page
problem-channel-name-form = 1 to 60 characters, and no invisible ones or ones that change the direction of text
problem-channel-moved = `{ $key }` was changed: type this again
problem-channel-nothing = there is no [[channel]], [[route]], [[schedule]] or [[mode]] in it
problem-channel-no-answer = no answer within a minute
problem-channel-named = these routes name the channel: { $routes }; change them first
problem-channel-named-in-file = the configuration file names the channel ({ $place }); change it there first
