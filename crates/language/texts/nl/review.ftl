review-night-or-day = Nacht of dag
review-night-of = Nacht: { $date }
review-day-of = Dag: { $date }
review-earlier = Eerder
review-later = Later
review-month-before = Vorige maand
review-month-after = Volgende maand
review-day-with-incidents = { $day }, met incidenten
review-events = Gebeurtenissen
review-by-device-and-hour = Incidenten per apparaat en uur
review-device = Apparaat
review-more-devices = { $count ->
    [one] Nog 1 apparaat heeft incidenten.
   *[other] Nog { $count } apparaten hebben incidenten.
}
review-newest-counted = { $count ->
    [one] Alleen het nieuwste incident is geteld.
   *[other] Alleen de nieuwste { $count } incidenten zijn geteld.
}
review-what-is-shown = Wat wordt getoond
review-show-all-again = weer alles tonen
review-from-hour = vanaf { $time }
review-one-hour = één uur
review-device-number = apparaat { $number }
review-unseen = Ongezien
review-all = Alle
review-starred = Met ster
review-most-important-first = Belangrijkste eerst
review-newest-first = Nieuwste eerst
review-mark-all-seen = Alles als gezien markeren
review-select = Selecteren
review-selected = Geselecteerde incidenten
review-select-all = Alle getoonde selecteren
review-select-incident = { $title }, { $device }, { $time } selecteren
review-star = Ster
review-mark-seen = Als gezien markeren
review-download-zip = Als zip downloaden
review-delete = Verwijderen
review-nothing-happened = Er is niets gebeurd. Nieuwe incidenten verschijnen hier vanzelf.
review-everything-seen = Hier is alles gezien.
review-nothing-matches = Geen resultaten.
review-more = Meer
review-open = Openen
review-close = Sluiten
review-back = Terug
review-previous = Vorige
review-next = Volgende

script-review-is-video = Een video: open het incident om hem af te spelen.
script-review-no-picture = Er is geen foto.
script-review-place = { $number } van { $total }
script-review-place-more = { $number } van { $total } of meer
script-review-selected = Geselecteerd: { $count }
script-review-starred = Ster toegevoegd.
script-review-seen = Als gezien gemarkeerd.
script-review-locked = Vergrendeld.
script-review-confirm-delete = De geselecteerde incidenten ({ $count }) met alle foto's en video's verwijderen? Dit kan niet ongedaan worden gemaakt.
script-review-deleted = Verwijderd: { $count }.
script-review-kept-locked = Bewaard, want vergrendeld: { $count }.
script-review-kept-summary = Bewaard omdat er nog een samenvatting van andere meldingen wordt verstuurd: { $count }.
