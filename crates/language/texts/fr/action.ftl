action-everything = Tout
action-muted = { $what } : en sourdine jusqu’à { $time }.
action-muted-label = Jusqu’à { $time }
action-unmute = Réactiver
action-not-muted = { $what } : pas en sourdine.
action-not-muted-label = Pas en sourdine
action-mode = Le mode est { $mode }.
action-mode-back = Retour à { $mode }
action-dismissed = Plus aucune alerte de cet incident n’est envoyée.
action-restore = Intéressant finalement
action-restored = Les alertes de cet incident sont de nouveau envoyées.
action-restored-label = Intéressant
action-locked = Cet incident est verrouillé : il est conservé jusqu’à son déverrouillage.
action-locked-label = Verrouillé
action-unlock = Déverrouiller
action-unlocked = Cet incident n’est pas verrouillé.
action-unlocked-label = Déverrouillé

overview-mode = Mode : { $mode } (parmi { $all })
overview-muted = { $what } : en sourdine jusqu’à { $time }
overview-until = en sourdine jusqu’à { $time }
overview-devices = { $count ->
    [one] 1 appareil ; dernier : { $last }
   *[other] { $count } appareils ; dernier : { $last }
}
overview-no-device = Aucun appareil n’a encore rien envoyé.
overview-more-devices = Il y en a d’autres : le tableau de bord montre tous les appareils.
overview-nothing-yet = encore rien
overview-no-incident = Il n’y a pas encore d’incident.
overview-nothing-waits = Aucune alerte n’attend
overview-waiting = { $count ->
    [one] 1 alerte attend
   *[other] { $count } alertes attendent
}
overview-pictures = { $count ->
    [one] 1 image
   *[other] { $count } images
}
overview-videos = { $count ->
    [one] 1 vidéo
   *[other] { $count } vidéos
}
overview-channel-fails = { $name } est en échec : { $error }
overview-channel-paused = { $name } est en pause
overview-failed = Cela n’a pas fonctionné. Réessayez dans un instant.
ago-now = à l’instant
ago-minutes = il y a { $count } min
ago-hours = il y a { $count } h
