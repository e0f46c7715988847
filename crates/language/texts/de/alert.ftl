alert-works = { $device } funktioniert
alert-plain = Alarm
alert-more = Mehr
alert-again = Wieder: { $what }

alert-pictures = { $count ->
    [one] Bild
   *[other] { $count } Bilder
}
alert-videos = { $count ->
    [one] Video
   *[other] { $count } Videos
}
alert-files = { $count ->
    [one] Datei
   *[other] { $count } Dateien
}
alert-more-pictures = { $count ->
    [one] 1 weiteres Bild
   *[other] { $count } weitere Bilder
}
alert-more-videos = { $count ->
    [one] 1 weiteres Video
   *[other] { $count } weitere Videos
}
alert-more-files = { $count ->
    [one] 1 weitere Datei
   *[other] { $count } weitere Dateien
}
alert-video-length = Video { $length }
alert-video-alone = Video, { $length }

alert-test-with-picture = Der Test kam mit einem Bild an.
alert-test-without-picture = Der Test hat kein Bild. Wenn das Gerät eine Kamera ist, schalten Sie in ihren E-Mail-Einstellungen Anhänge ein.
alert-test-text = So sieht ein Alarm aus. Alarme kommen hier an.

alert-left-out-linked = und { $count } weitere: { $link }
alert-left-out = und { $count } weitere, in Tipoff gespeichert

alert-file = { $name } ({ $size }): { $why }: { $place }
alert-file-linked = { $link } öffnen
alert-file-kept = in Tipoff gespeichert
alert-file-too-big = zu groß für { $service } (höchstens { $limit })
alert-file-empty = { $name }: eine leere Datei
alert-file-incomplete = { $name }: die Aufnahme ist unvollständig oder beschädigt und lässt sich vielleicht nicht abspielen
alert-torn = Die Verbindung brach vor dem Ende ab: Vielleicht fehlt etwas.

alert-late-minutes = { $time }, { $count } min verspätet
alert-late-hours = { $time }, { $count } h verspätet
alert-late-days = { $time }, { $count } Tage verspätet
alert-late-day = { $day }, { $time }

alert-summary = { $count } weitere seit { $time }. Sie sind gespeichert und werden nicht einzeln gesendet.

report-title = Bericht
report-since = { $count ->
    [one] 1 Vorfall seit { $weekday }, { $time }
   *[other] { $count } Vorfälle seit { $weekday }, { $time }
}
report-event = { $event }: { $count }
report-other = Sonstiges
report-at = Um { $time }
report-first-and-last = Das erste um { $first }, das letzte um { $last }

inactive-minutes = { $count ->
    [one] { $device } hat seit 1 Minute nichts gesendet
   *[other] { $device } hat seit { $count } Minuten nichts gesendet
}
inactive-hours = { $device } hat seit { $count } Stunden nichts gesendet
inactive-days = { $device } hat seit { $count } Tagen nichts gesendet

button-open = Öffnen
button-mute-minutes = { $count } min
button-mute-hours = { $count } h
button-mute-morning = Bis zum Morgen
button-dismiss = Nicht wichtig
button-lock = Behalten
