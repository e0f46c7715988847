routing-title = Regeln
routing-intro = Welche Alarme an welche Kanäle gehen. Die Regeln werden von oben nach unten geprüft.
routing-add = Regel hinzufügen
routing-of-file = aus der Konfigurationsdatei
routing-alerted = { $count ->
    [one] { $count } Vorfall in den letzten 24 Stunden gemeldet
   *[other] { $count } Vorfälle in den letzten 24 Stunden gemeldet
}
routing-alerted-since = { $count ->
    [one] { $count } Vorfall seit { $time } gemeldet
   *[other] { $count } Vorfälle seit { $time } gemeldet
}
routing-suppressed = { $count ->
    [one] { $count } Vorfall in den letzten 24 Stunden unterdrückt
   *[other] { $count } Vorfälle in den letzten 24 Stunden unterdrückt
}
routing-suppressed-since = { $count ->
    [one] { $count } Vorfall seit { $time } unterdrückt
   *[other] { $count } Vorfälle seit { $time } unterdrückt
}
routing-everything = <strong>Alles</strong>
routing-everything-else = <strong>Alles andere</strong>
routing-if-any = Wenn ein Gerät etwas meldet
routing-if-device = Wenn <strong>{ $devices }</strong> etwas meldet
routing-if-event = Wenn ein Gerät <strong>{ $events }</strong> meldet
routing-if-both = Wenn <strong>{ $devices }</strong> <strong>{ $events }</strong> meldet
routing-removed-device = ein entferntes Gerät
routing-other-event = ein unbekanntes Ereignis
routing-or = { $first } oder { $last }
routing-between = zwischen <strong>{ $start }</strong> und <strong>{ $end }</strong>
routing-group = in der Gruppe <strong>{ $words }</strong>
routing-subject = mit dem Betreff <strong>{ $words }</strong>
routing-text = mit dem Text <strong>{ $words }</strong>
routing-from = von <strong>{ $words }</strong>
routing-to = an <strong>{ $words }</strong>
routing-has = mit <strong>{ $words }</strong>
routing-has-picture = Bild
routing-has-video = Video
routing-on-days = am <strong>{ $words }</strong>
routing-in-mode = im Modus <strong>{ $words }</strong>
routing-nobody = <strong>niemanden</strong> benachrichtigen
routing-all = <strong>alle Kanäle</strong> benachrichtigen
routing-notify = <strong>{ $channels }</strong> benachrichtigen
routing-note-silent = ohne Ton
routing-note-priority = Priorität { $priority }
routing-note-cooldown = höchstens alle { $time }
routing-note-per-hour = höchstens { $count } pro Stunde
routing-note-first-only = ohne Folgealarme
routing-note-continue = danach auch die nächste Regel
routing-priority-lowest = niedrigste
routing-priority-low = niedrig
routing-priority-normal = normal
routing-priority-high = hoch
routing-priority-urgent = dringend
routing-rest-nobody = <strong>Alles andere</strong>: <strong>niemanden</strong> benachrichtigen
routing-no-routes = <strong>Alles</strong>: <strong>alle Kanäle</strong> benachrichtigen
routing-no-routes-why = Es gibt keine Regeln. Mit der ersten wird auch eine letzte für alles andere angelegt.
routing-missing = Nicht mehr vorhanden: { $names }
routing-not-reached = Wird nie erreicht: Eine Regel darüber gilt für alles.
routing-fault = Was hier hinzugefügt wurde, enthält einen Fehler. Nichts davon wird verwendet: kein Kanal, keine Regel, kein Zeitplan.
routing-edit = Bearbeiten
routing-up = Nach oben
routing-down = Nach unten
routing-remove = Entfernen
routing-confirm-remove = Regel entfernen?
routing-edit-title = Regel bearbeiten
routing-devices = Geräte
routing-devices-none = Keines gewählt: alle Geräte.
routing-groups = Gruppen
routing-groups-none = Keine gewählt: alle. Ein Gerät muss zu beiden Listen passen.
routing-events = Ereignisse
routing-events-none = Keines gewählt: alle Ereignisse.
routing-hours = Uhrzeit
routing-hours-how = Zum Beispiel 22:00 und 06:00, oder sunset und sunrise (Sonnenuntergang, Sonnenaufgang). Leer: jederzeit.
routing-start = Von
routing-end = Bis
routing-days = Wochentage
routing-days-none = Keiner gewählt: jeden Tag. Zeiten über Mitternacht gehören zum Tag, an dem sie beginnen.
routing-modes = Hausmodi
routing-modes-none = Keiner gewählt: in jedem Modus.
routing-notify-whom = Benachrichtigen
routing-whom-all = alle Kanäle
routing-whom-these = diese Kanäle
routing-whom-nobody = niemanden
routing-silent = Ohne Ton
routing-more = Weitere Einstellungen
routing-priority = Priorität
routing-as-channel = wie beim Kanal eingestellt
routing-cooldown = Pause nach einem Alarm
routing-cooldown-how = So lange werden weitere Vorfälle des Geräts gespeichert und nicht gemeldet. Zum Beispiel 2 min.
routing-per-hour = Höchstzahl der Vorfälle eines Geräts pro Stunde
routing-follow-ups = Auch spätere Bilder und das Video eines Vorfalls senden
routing-continue = Auch die nächsten Regeln prüfen
routing-continue-how = Sonst wird für einen passenden Vorfall keine weitere Regel geprüft.
routing-name = Name
routing-name-how = Er erklärt in der Zeitleiste, warum ein Vorfall gemeldet wurde oder nicht.
routing-optional = (optional)
routing-save = Speichern
routing-device-alerts = Alarme dieses Geräts
routing-always = immer
routing-at-hours = zu diesen Zeiten
routing-never = nie
routing-of-file-schedule = Auch die Konfigurationsdatei hat einen Zeitplan für dieses Gerät.
routing-saved = Gespeichert.
routing-modes-title = Hausmodi
routing-modes-one = Hausmodus
routing-modes-intro = Ein Modus ist aktiv: der zuletzt gewählte, oder der zuletzt zu seiner Zeit begonnen hat. Regeln können davon abhängen.
routing-modes-of-file = Die Konfigurationsdatei legt die Modi fest. Ändern Sie sie dort.
routing-modes-begin = Beginnt um
routing-modes-begin-how = Zum Beispiel 22:30 oder sunset (Sonnenuntergang); mehrere mit Kommas. Leer: nur wenn jemand ihn wählt.
routing-modes-add = Modus hinzufügen
routing-modes-none-yet = Es gibt keine Modi.
