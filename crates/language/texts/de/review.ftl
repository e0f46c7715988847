review-night-or-day = Nacht oder Tag
review-night-of = Nacht: { $date }
review-day-of = Tag: { $date }
review-earlier = Früher
review-later = Später
review-month-before = Monat davor
review-month-after = Monat danach
review-day-with-incidents = { $day }, mit Vorfällen
review-events = Ereignisse
review-by-device-and-hour = Vorfälle nach Gerät und Stunde
review-device = Gerät
review-more-devices = { $count ->
    [one] 1 weiteres Gerät hat Vorfälle.
   *[other] { $count } weitere Geräte haben Vorfälle.
}
review-newest-counted = { $count ->
    [one] Nur der neueste Vorfall ist gezählt.
   *[other] Nur die neuesten { $count } Vorfälle sind gezählt.
}
review-what-is-shown = Was angezeigt wird
review-show-all-again = wieder alle anzeigen
review-from-hour = ab { $time }
review-one-hour = eine Stunde
review-device-number = Gerät { $number }
review-unseen = Ungesehen
review-all = Alle
review-starred = Mit Stern
review-most-important-first = Wichtigste zuerst
review-newest-first = Neueste zuerst
review-mark-all-seen = Alle als gesehen markieren
review-select = Auswählen
review-selected = Ausgewählte Vorfälle
review-select-all = Alle angezeigten auswählen
review-select-incident = { $title }, { $device }, { $time } auswählen
review-star = Stern
review-mark-seen = Als gesehen markieren
review-download-zip = Als Zip herunterladen
review-delete = Löschen
review-nothing-happened = Es ist nichts passiert. Neue Vorfälle erscheinen hier von selbst.
review-everything-seen = Hier ist alles gesehen.
review-nothing-matches = Nichts passt.
review-more = Mehr
review-open = Öffnen
review-close = Schließen
review-back = Zurück
review-previous = Vorheriger
review-next = Weiter

script-review-is-video = Ein Video: Öffnen Sie den Vorfall, um es abzuspielen.
script-review-no-picture = Es gibt kein Bild.
script-review-place = { $number } von { $total }
script-review-place-more = { $number } von { $total } oder mehr
script-review-selected = Ausgewählt: { $count }
script-review-starred = Mit Stern versehen.
script-review-seen = Als gesehen markiert.
script-review-locked = Gesperrt.
script-review-confirm-delete = Die ausgewählten Vorfälle ({ $count }) mit allen Bildern und Videos löschen? Das lässt sich nicht rückgängig machen.
script-review-deleted = Gelöscht: { $count }.
script-review-kept-locked = Behalten, weil gesperrt: { $count }.
script-review-kept-summary = Behalten, weil eine Zusammenfassung anderer Alarme noch gesendet wird: { $count }.
