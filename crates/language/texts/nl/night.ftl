# De nacht in één oogopslag.
night-last = { $count ->
    [one] Afgelopen nacht: 1 incident dat u niet hebt gezien
   *[other] Afgelopen nacht: { $count } incidenten die u niet hebt gezien
}
night-last-persons = { $count ->
    [one] Afgelopen nacht: 1 incident met een persoon dat u niet hebt gezien
   *[other] Afgelopen nacht: { $count } incidenten die u niet hebt gezien, waarvan met een persoon: { $persons }
}
night-this = { $count ->
    [one] Vannacht: 1 incident dat u niet hebt gezien
   *[other] Vannacht: { $count } incidenten die u niet hebt gezien
}
night-this-persons = { $count ->
    [one] Vannacht: 1 incident met een persoon dat u niet hebt gezien
   *[other] Vannacht: { $count } incidenten die u niet hebt gezien, waarvan met een persoon: { $persons }
}
night-show = Markering
night-show-all = alle
night-unseen = niet door u gezien
night-starred = met uw ster
night-locked = vergrendeld
night-incident-removed = Dit incident is verwijderd.
night-delete-device = Dit apparaat verwijderen
night-delete-what = De instellingen en de login van het apparaat worden verwijderd. Als het weer iets stuurt, wordt het opnieuw herkend en weergegeven.
night-its-incidents = { $count ->
    [one] Het heeft 1 incident
   *[other] Het heeft { $count } incidenten
}
night-keep-incidents = De incidenten bewaren tot ze oud genoeg zijn
night-delete-incidents = Ook de incidenten verwijderen, met alle foto’s en video’s
night-locked-stay = { $count ->
    [one] 1 vergrendeld incident blijft.
   *[other] { $count } vergrendelde incidenten blijven.
}
night-type-name = Typ de naam van het apparaat om te bevestigen
night-device-removed = Dit apparaat is verwijderd en zijn incidenten zijn bewaard. Het wordt weer weergegeven zodra het iets stuurt.
night-device-in-file = Dit apparaat staat in het configuratiebestand. Om het te verwijderen haalt u daar de sectie <code>[[device]]</code> weg, laadt u de configuratie opnieuw en keert u terug naar deze pagina.
night-recorder = { $count ->
    [one] Deze recorder heeft 1 kanaal. Verwijder dat eerst.
   *[other] Deze recorder heeft { $count } kanalen. Verwijder die eerst.
}
