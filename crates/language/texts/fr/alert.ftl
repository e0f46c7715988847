alert-works = { $device } fonctionne
alert-plain = Alerte
alert-more = Suite
alert-again = { $what }, de nouveau

alert-pictures = { $count ->
    [one] image
   *[other] { $count } images
}
alert-videos = { $count ->
    [one] vidéo
   *[other] { $count } vidéos
}
alert-files = { $count ->
    [one] fichier
   *[other] { $count } fichiers
}
alert-more-pictures = { $count ->
    [one] 1 autre image
   *[other] { $count } autres images
}
alert-more-videos = { $count ->
    [one] 1 autre vidéo
   *[other] { $count } autres vidéos
}
alert-more-files = { $count ->
    [one] 1 autre fichier
   *[other] { $count } autres fichiers
}
alert-video-length = vidéo { $length }
alert-video-alone = vidéo, { $length }

alert-test-with-picture = Le test est arrivé avec une image.
alert-test-without-picture = Le test n’a pas d’image. Si l’appareil est une caméra, activez les pièces jointes dans ses réglages d’e-mail.
alert-test-text = Voici à quoi ressemble une alerte. Les alertes arriveront ici.

alert-left-out-linked = et { $count } de plus : { $link }
alert-left-out = et { $count } de plus, conservés dans Tipoff

alert-file = { $name } ({ $size }) : { $why } : { $place }
alert-file-linked = ouvrir { $link }
alert-file-kept = conservé dans Tipoff
alert-file-too-big = trop volumineux pour { $service } (limite { $limit })
alert-file-empty = { $name } : un fichier vide
alert-file-incomplete = { $name } : l’enregistrement est incomplet ou endommagé et pourrait être illisible
alert-torn = La connexion s’est interrompue avant la fin : il manque peut-être quelque chose.

alert-late-minutes = { $time }, { $count } min de retard
alert-late-hours = { $time }, { $count } h de retard
alert-late-days = { $time }, { $count } jours de retard
alert-late-day = { $day }, { $time }

alert-summary = { $count } de plus depuis { $time }. Elles sont conservées et ne sont pas envoyées une à une.

report-title = Rapport
report-since = { $count ->
    [one] 1 incident depuis { $weekday } { $time }
   *[other] { $count } incidents depuis { $weekday } { $time }
}
report-event = { $event } : { $count }
report-other = Autre
report-at = À { $time }
report-first-and-last = Le premier à { $first }, le dernier à { $last }

inactive-minutes = { $count ->
    [one] { $device } n’a rien envoyé depuis 1 minute
   *[other] { $device } n’a rien envoyé depuis { $count } minutes
}
inactive-hours = { $device } n’a rien envoyé depuis { $count } heures
inactive-days = { $device } n’a rien envoyé depuis { $count } jours

button-open = Ouvrir
button-mute-minutes = { $count } min
button-mute-hours = { $count } h
button-mute-morning = Jusqu’au matin
button-dismiss = Sans intérêt
button-lock = Garder
