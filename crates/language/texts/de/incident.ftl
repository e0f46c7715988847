incident-something-arrived = Etwas ist eingegangen
incident-not-recognised = Nicht erkannt
incident-not-seen = nicht gesehen
incident-device-and-time = { $device }, { $day } um { $time }
incident-suppressed = unterdrückt
incident-suppressed-means = gespeichert, kein Alarm
incident-muted = stumm
incident-not-interesting = nicht wichtig
incident-not-interesting-by = es werden keine Alarme mehr gesendet: { $by }
incident-locked = gesperrt
incident-locked-by = wird behalten, bis er entsperrt wird: { $by }
incident-locked-since = Gesperrt von { $by }; gespeichert, bis der Vorfall entsperrt wird
incident-lock = Sperren
incident-lock-means = Diesen Vorfall behalten, gleich wie alt er ist und wie viel Platz frei ist
incident-unlock = Entsperren

incident-pictures-and-videos = Bilder und Videos
incident-all-pictures = Alle Bilder und Videos
incident-zoom = { $name } vergrößern
incident-place = { $number } von { $total }
incident-converted-first = Browser spielen diese Art von Video nicht ab; es wird erst umgewandelt.
incident-incomplete-video = unvollständig: lässt sich vielleicht nicht abspielen
incident-incomplete-picture = unvollständig: die Verbindung brach ab

incident-arrivals = Eingänge
incident-mail = E-Mail ohne Betreff
incident-upload = Upload
incident-alarm = Alarm
incident-original-mail = Original-E-Mail
incident-original-file = Originaldatei
incident-original-request = Originalanfrage
incident-original-message = Originalnachricht
incident-torn = Die Verbindung brach vor dem Ende ab. Dies ist, was empfangen wurde.
incident-malformed = Diese E-Mail ist fehlerhaft aufgebaut: Hier können Teile fehlen. Die Original-E-Mail enthält alles.
incident-decoration = Bilder, die die E-Mail nur schmücken, etwa ein Logo, werden aufgeführt und nicht gesendet.
incident-from-address = von { $address }
incident-as-login = als { $name }
incident-sender = Absender { $address }
incident-recipients = an { $addresses }
incident-encrypted = verschlüsselt
incident-not-encrypted = nicht verschlüsselt

incident-deliveries = Zustellungen
incident-no-alert = Es wurde kein Alarm gesendet.
incident-no-alert-because = Es wurde kein Alarm gesendet: { $why }.
incident-no-alert-now = Es wird kein Alarm gesendet: { $why }.
incident-dismissed = Nicht wichtig seit { $time }: { $by }. Es werden keine Alarme mehr gesendet.
incident-first-alert = erster Alarm
incident-follow-up = Folgealarm
incident-summary = Zusammenfassung
incident-report = Bericht
incident-state-pending = wartet
incident-state-delivered = zugestellt
incident-state-refused = abgelehnt
incident-state-expired = abgelaufen
incident-state-withdrawn = zurückgezogen
incident-accepted-after = angenommen nach { $time }
incident-next-attempt = Nächster Versuch um { $time }.
incident-waits-for-channel = Wird gesendet, sobald der Kanal wieder Alarme annimmt.
incident-retry = Erneut senden
incident-retry-all = Alle erneut senden

incident-download-and-share = Herunterladen und teilen
incident-download-all = Alles als Zip-Datei herunterladen
incident-link-valid-for = Link ohne Anmeldung, gültig für
incident-create-link = Link erstellen
incident-mute-name = { $device } stummschalten
incident-mute-done = Stumm: Eingänge werden gespeichert, Alarme nicht gesendet.
incident-no-alerts-for = Keine Alarme für
incident-mute-device = Gerät stummschalten
incident-hours = { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
}
incident-weeks = { $count ->
    [one] 1 Woche
   *[other] { $count } Wochen
}
