action-everything = Alles
action-muted = { $what } is gedempt tot { $time }.
action-muted-label = Tot { $time }
action-unmute = Dempen uit
action-not-muted = { $what } is niet gedempt.
action-not-muted-label = Niet gedempt
action-mode = De modus is { $mode }.
action-mode-back = Terug naar { $mode }
action-dismissed = Van dit incident worden geen meldingen meer gestuurd.
action-restore = Toch belangrijk
action-restored = Van dit incident worden weer meldingen gestuurd.
action-restored-label = Belangrijk
action-locked = Dit incident is vergrendeld: het blijft bewaard tot het wordt ontgrendeld.
action-locked-label = Vergrendeld
action-unlock = Ontgrendelen
action-unlocked = Dit incident is niet vergrendeld.
action-unlocked-label = Ontgrendeld

overview-mode = Modus: { $mode } (uit { $all })
overview-muted = { $what } is gedempt tot { $time }
overview-until = gedempt tot { $time }
overview-devices = { $count ->
    [one] 1 apparaat; laatste: { $last }
   *[other] { $count } apparaten; laatste: { $last }
}
overview-no-device = Nog geen apparaat heeft iets gestuurd.
overview-more-devices = Er zijn er meer: het dashboard toont alle apparaten.
overview-nothing-yet = nog niets
overview-no-incident = Er is nog geen incident.
overview-nothing-waits = Er wacht geen melding
overview-waiting = { $count ->
    [one] 1 melding wacht
   *[other] { $count } meldingen wachten
}
overview-pictures = { $count ->
    [one] 1 foto
   *[other] { $count } foto’s
}
overview-videos = { $count ->
    [one] 1 video
   *[other] { $count } video’s
}
overview-channel-fails = { $name } werkt niet: { $error }
overview-channel-paused = { $name } is gepauzeerd
overview-failed = Dat lukte nu niet. Probeer het zo meteen opnieuw.
ago-now = zojuist
ago-minutes = { $count } min geleden
ago-hours = { $count } u geleden
