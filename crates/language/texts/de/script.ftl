script-copy-yourself = bitte markieren und kopieren
script-download = { $name } herunterladen
script-converting = Dieses Video wird für Ihren Browser umgewandelt …
script-not-played = Ihr Browser kann dieses Video nicht abspielen.
script-not-converted = Dieses Video kann nicht umgewandelt werden.
script-routes-changed = Die Regeln wurden inzwischen geändert: Laden Sie die Seite neu.
script-choose-channel = Wählen Sie einen Kanal.
script-see-fields = Siehe die markierten Felder.
