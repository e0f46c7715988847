alert-works = { $device } werkt
alert-plain = Melding
alert-more = Meer
alert-again = Weer: { $what }

alert-pictures = { $count ->
    [one] foto
   *[other] { $count } foto’s
}
alert-videos = { $count ->
    [one] video
   *[other] { $count } video’s
}
alert-files = { $count ->
    [one] bestand
   *[other] { $count } bestanden
}
alert-more-pictures = { $count ->
    [one] nog 1 foto
   *[other] nog { $count } foto’s
}
alert-more-videos = { $count ->
    [one] nog 1 video
   *[other] nog { $count } video’s
}
alert-more-files = { $count ->
    [one] nog 1 bestand
   *[other] nog { $count } bestanden
}
alert-video-length = video { $length }
alert-video-alone = video, { $length }

alert-test-with-picture = De test kwam aan met een foto.
alert-test-without-picture = De test heeft geen foto. Als het apparaat een camera is, zet dan bijlagen aan in de e-mailinstellingen.
alert-test-text = Zo ziet een melding eruit. Meldingen komen hier binnen.

alert-left-out-linked = en nog { $count }: { $link }
alert-left-out = en nog { $count }, bewaard in Tipoff

alert-file = { $name } ({ $size }): { $why }: { $place }
alert-file-linked = open { $link }
alert-file-kept = bewaard in Tipoff
alert-file-too-big = te groot voor { $service } (limiet { $limit })
alert-file-empty = { $name }: een leeg bestand
alert-file-incomplete = { $name }: de opname is onvolledig of beschadigd en speelt misschien niet af
alert-torn = De verbinding brak voor het einde af: er ontbreekt misschien iets.

alert-late-minutes = { $time }, { $count } min te laat
alert-late-hours = { $time }, { $count } u te laat
alert-late-days = { $time }, { $count } dagen te laat
alert-late-day = { $day }, { $time }

alert-summary = Nog { $count } sinds { $time }. Ze zijn bewaard en worden niet apart verstuurd.

report-title = Rapport
report-since = { $count ->
    [one] 1 incident sinds { $weekday } { $time }
   *[other] { $count } incidenten sinds { $weekday } { $time }
}
report-event = { $event }: { $count }
report-other = Overig
report-at = Om { $time }
report-first-and-last = De eerste om { $first }, de laatste om { $last }

inactive-minutes = { $count ->
    [one] { $device } heeft 1 minuut niets verstuurd
   *[other] { $device } heeft { $count } minuten niets verstuurd
}
inactive-hours = { $device } heeft { $count } uur niets verstuurd
inactive-days = { $device } heeft { $count } dagen niets verstuurd

button-open = Openen
button-mute-minutes = { $count } min
button-mute-hours = { $count } u
button-mute-morning = Tot de ochtend
button-dismiss = Niet belangrijk
button-lock = Bewaren
