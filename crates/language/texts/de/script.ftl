script-copy-yourself = bitte markieren und kopieren
script-download = { $name } herunterladen
script-converting = Dieses Video wird für Ihren Browser umgewandelt …
script-not-played = Ihr Browser kann dieses Video nicht abspielen.
script-not-converted = Dieses Video kann nicht umgewandelt werden.
script-removing = Gelöschte Vorfälle: { $count }
