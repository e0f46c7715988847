action-everything = Alles
action-muted = { $what } ist bis { $time } stumm.
action-muted-label = Bis { $time }
action-unmute = Stumm aus
action-not-muted = { $what } ist nicht stumm.
action-not-muted-label = Nicht stumm
action-mode = Der Modus ist { $mode }.
action-mode-back = Zurück zu { $mode }
action-dismissed = Zu diesem Vorfall werden keine Alarme mehr gesendet.
action-restore = Doch wichtig
action-restored = Zu diesem Vorfall werden wieder Alarme gesendet.
action-restored-label = Wichtig
action-locked = Dieser Vorfall ist gesperrt: Er wird behalten, bis er entsperrt wird.
action-locked-label = Gesperrt
action-unlock = Entsperren
action-unlocked = Dieser Vorfall ist nicht gesperrt.
action-unlocked-label = Entsperrt

overview-mode = Modus: { $mode } (von { $all })
overview-muted = { $what } ist bis { $time } stumm
overview-until = stumm bis { $time }
overview-devices = { $count ->
    [one] 1 Gerät; zuletzt: { $last }
   *[other] { $count } Geräte; zuletzt: { $last }
}
overview-no-device = Noch kein Gerät hat etwas gesendet.
overview-more-devices = Es gibt mehr: Die Oberfläche zeigt alle Geräte.
overview-nothing-yet = noch nichts
overview-no-incident = Es gibt noch keinen Vorfall.
overview-nothing-waits = Kein Alarm wartet
overview-waiting = { $count ->
    [one] 1 Alarm wartet
   *[other] { $count } Alarme warten
}
overview-pictures = { $count ->
    [one] 1 Bild
   *[other] { $count } Bilder
}
overview-videos = { $count ->
    [one] 1 Video
   *[other] { $count } Videos
}
overview-channel-fails = { $name } ist gestört: { $error }
overview-channel-paused = { $name } ist angehalten
overview-failed = Das hat gerade nicht geklappt. Versuchen Sie es gleich noch einmal.
ago-now = gerade eben
ago-minutes = vor { $count } min
ago-hours = vor { $count } h
