# La nuit en un coup d’œil.
night-last = { $count ->
    [one] La nuit dernière : { $count } incident que vous n’avez pas vu
   *[other] La nuit dernière : { $count } incidents que vous n’avez pas vus
}
night-last-persons = { $count ->
    [one] La nuit dernière : { $count } incident avec une personne, que vous n’avez pas vu
   *[other] La nuit dernière : { $count } incidents que vous n’avez pas vus, dont avec une personne : { $persons }
}
night-this = { $count ->
    [one] Cette nuit : { $count } incident que vous n’avez pas vu
   *[other] Cette nuit : { $count } incidents que vous n’avez pas vus
}
night-this-persons = { $count ->
    [one] Cette nuit : { $count } incident avec une personne, que vous n’avez pas vu
   *[other] Cette nuit : { $count } incidents que vous n’avez pas vus, dont avec une personne : { $persons }
}
night-show = Marques
night-show-all = tous
night-unseen = que vous n’avez pas vus
night-starred = avec votre étoile
night-locked = verrouillés
night-incident-removed = Cet incident a été supprimé.
night-delete-device = Supprimer cet appareil
night-delete-what = Ses réglages et son identifiant sont supprimés. S’il envoie de nouveau quelque chose, il est de nouveau découvert et affiché.
night-its-incidents = { $count ->
    [one] Il a { $count } incident
   *[other] Il a { $count } incidents
}
night-keep-incidents = Garder ses incidents jusqu’à la fin de leur durée de conservation
night-delete-incidents = Supprimer aussi ses incidents, avec toutes les images et vidéos
night-locked-stay = { $count ->
    [one] { $count } incident verrouillé reste.
   *[other] { $count } incidents verrouillés restent.
}
night-type-name = Saisissez le nom de l’appareil pour confirmer
night-device-removed = Cet appareil a été supprimé et ses incidents sont gardés. Il sera de nouveau affiché lorsqu’il enverra quelque chose.
night-device-in-file = Cet appareil est dans le fichier de configuration. Pour le supprimer, retirez-y sa section <code>[[device]]</code>, rechargez la configuration et revenez sur cette page.
night-recorder = { $count ->
    [one] Cet enregistreur a { $count } canal. Supprimez-le d’abord.
   *[other] Cet enregistreur a { $count } canaux. Supprimez-les d’abord.
}
