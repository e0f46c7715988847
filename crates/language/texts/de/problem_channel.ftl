problem-channel-unreadable = die bisher hinzugefügten Kanäle sind nicht lesbar; siehe docs/channels.md
problem-channel-name-in-file = die Konfigurationsdatei hat einen Kanal dieses Namens
problem-channel-name-taken = ein anderer Kanal hat diesen Namen
problem-channel-changed = die Kanäle wurden inzwischen geändert: Laden Sie die Seite neu
problem-channel-name-form = 1 bis 60 Zeichen, keine unsichtbaren und keine, die die Schreibrichtung ändern
problem-channel-moved = `{ $key }` wurde geändert: Geben Sie dies erneut ein
problem-channel-nothing = es ist kein [[channel]], [[route]], [[schedule]] oder [[mode]] darin
problem-channel-no-answer = keine Antwort innerhalb einer Minute
