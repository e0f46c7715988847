# Die Nacht auf einen Blick.
night-last = { $count ->
    [one] Letzte Nacht: 1 Vorfall, den Sie noch nicht gesehen haben
   *[other] Letzte Nacht: { $count } Vorfälle, die Sie noch nicht gesehen haben
}
night-last-persons = { $count ->
    [one] Letzte Nacht: 1 Vorfall mit einer Person, den Sie noch nicht gesehen haben
   *[other] Letzte Nacht: { $count } Vorfälle, die Sie noch nicht gesehen haben, davon mit Person: { $persons }
}
night-this = { $count ->
    [one] Heute Nacht: 1 Vorfall, den Sie noch nicht gesehen haben
   *[other] Heute Nacht: { $count } Vorfälle, die Sie noch nicht gesehen haben
}
night-this-persons = { $count ->
    [one] Heute Nacht: 1 Vorfall mit einer Person, den Sie noch nicht gesehen haben
   *[other] Heute Nacht: { $count } Vorfälle, die Sie noch nicht gesehen haben, davon mit Person: { $persons }
}
night-show = Markierung
night-show-all = alle
night-unseen = von Ihnen nicht gesehen
night-starred = mit Ihrem Stern
night-locked = gesperrt
night-incident-removed = Dieser Vorfall wurde gelöscht.
night-delete-device = Dieses Gerät löschen
night-delete-what = Die Einstellungen und die Anmeldung des Geräts werden gelöscht. Wenn es wieder sendet, wird es wieder erkannt und aufgelistet.
night-its-incidents = { $count ->
    [one] Es hat 1 Vorfall
   *[other] Es hat { $count } Vorfälle
}
night-keep-incidents = Die Vorfälle behalten, bis sie alt genug sind
night-delete-incidents = Auch die Vorfälle mit allen Bildern und Videos löschen
night-locked-stay = { $count ->
    [one] 1 gesperrter Vorfall bleibt.
   *[other] { $count } gesperrte Vorfälle bleiben.
}
night-type-name = Zur Bestätigung den Namen des Geräts eingeben
night-device-removed = Dieses Gerät wurde gelöscht, seine Vorfälle wurden behalten. Es wird wieder aufgelistet, wenn es sendet.
night-device-in-file = Dieses Gerät steht in der Konfigurationsdatei. Um es zu löschen, entfernen Sie dort seinen Abschnitt <code>[[device]]</code>, laden Sie die Konfiguration neu und kommen Sie auf diese Seite zurück.
night-recorder = { $count ->
    [one] Dieser Rekorder hat 1 Kanal. Löschen Sie zuerst diesen.
   *[other] Dieser Rekorder hat { $count } Kanäle. Löschen Sie zuerst diese.
}
