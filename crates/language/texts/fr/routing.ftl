routing-title = Règles
routing-intro = Quelles alertes vont à quels canaux. Les règles sont vérifiées de haut en bas.
routing-add = Ajouter une règle
routing-of-file = du fichier de configuration
routing-alerted = { $count ->
    [one] { $count } incident signalé au cours des dernières 24 heures
   *[other] { $count } incidents signalés au cours des dernières 24 heures
}
routing-alerted-since = { $count ->
    [one] { $count } incident signalé depuis { $time }
   *[other] { $count } incidents signalés depuis { $time }
}
routing-suppressed = { $count ->
    [one] { $count } incident non signalé au cours des dernières 24 heures
   *[other] { $count } incidents non signalés au cours des dernières 24 heures
}
routing-suppressed-since = { $count ->
    [one] { $count } incident non signalé depuis { $time }
   *[other] { $count } incidents non signalés depuis { $time }
}
routing-everything = <strong>Tout</strong>
routing-everything-else = <strong>Tout le reste</strong>
routing-if-any = Si un appareil signale quelque chose
routing-if-device = Si <strong>{ $devices }</strong> signale quelque chose
routing-if-event = Si un appareil signale <strong>{ $events }</strong>
routing-if-both = Si <strong>{ $devices }</strong> signale <strong>{ $events }</strong>
routing-removed-device = un appareil supprimé
routing-other-event = un événement inconnu
routing-or = { $first } ou { $last }
routing-between = entre <strong>{ $start }</strong> et <strong>{ $end }</strong>
routing-group = dans le groupe <strong>{ $words }</strong>
routing-subject = avec l’objet <strong>{ $words }</strong>
routing-text = avec le texte <strong>{ $words }</strong>
routing-from = de <strong>{ $words }</strong>
routing-to = à <strong>{ $words }</strong>
routing-has = avec <strong>{ $words }</strong>
routing-has-picture = image
routing-has-video = vidéo
routing-on-days = les jours <strong>{ $words }</strong>
routing-in-mode = en mode <strong>{ $words }</strong>
routing-nobody = n’avertir <strong>personne</strong>
routing-all = avertir sur <strong>tous les canaux</strong>
routing-notify = avertir sur <strong>{ $channels }</strong>
routing-note-silent = sans son
routing-note-priority = priorité { $priority }
routing-note-cooldown = au plus toutes les { $time }
routing-note-per-hour = au plus { $count } par heure
routing-note-first-only = sans suites
routing-note-continue = ensuite aussi la règle suivante
routing-priority-lowest = la plus basse
routing-priority-low = basse
routing-priority-normal = normale
routing-priority-high = haute
routing-priority-urgent = urgente
routing-rest-nobody = <strong>Tout le reste</strong> : n’avertir <strong>personne</strong>
routing-no-routes = <strong>Tout</strong> : avertir sur <strong>tous les canaux</strong>
routing-no-routes-why = Il n’y a pas de règle. Avec la première, une dernière pour tout le reste est ajoutée.
routing-missing = N’existe plus : { $names }
routing-not-reached = Jamais atteinte : une règle plus haut vaut pour tout.
routing-fault = Ce qui a été ajouté ici contient une erreur. Rien n’en est utilisé : ni canal, ni règle, ni horaire.
routing-edit = Modifier
routing-up = Monter
routing-down = Descendre
routing-remove = Supprimer
routing-confirm-remove = Supprimer la règle ?
routing-edit-title = Modifier la règle
routing-devices = Appareils
routing-devices-none = Aucun choisi : tous les appareils.
routing-groups = Groupes
routing-groups-none = Aucun choisi : tous. Un appareil doit correspondre aux deux listes.
routing-events = Événements
routing-events-none = Aucun choisi : tous les événements.
routing-hours = Heures
routing-hours-how = Par exemple 22:00 et 06:00, ou sunset et sunrise (coucher et lever du soleil). Vide : à toute heure.
routing-start = De
routing-end = À
routing-days = Jours
routing-days-none = Aucun choisi : tous les jours. Des heures qui passent minuit appartiennent au jour où elles commencent.
routing-modes = Modes maison
routing-modes-none = Aucun choisi : dans tous les modes.
routing-notify-whom = Avertir
routing-whom-all = tous les canaux
routing-whom-these = ces canaux
routing-whom-nobody = personne
routing-silent = Sans son
routing-more = Plus de réglages
routing-priority = Priorité
routing-as-channel = comme configuré pour le canal
routing-cooldown = Pause après une alerte
routing-cooldown-how = Pendant ce temps, les autres incidents de l’appareil sont conservés sans alerte. Par exemple 2 min.
routing-per-hour = Nombre maximal d’incidents d’un appareil par heure
routing-follow-ups = Envoyer aussi les images suivantes et la vidéo d’un incident
routing-continue = Vérifier aussi les règles suivantes
routing-continue-how = Sinon, aucune autre règle n’est vérifiée pour un incident qui correspond.
routing-name = Nom
routing-name-how = Il explique dans la chronologie pourquoi un incident a été signalé ou non.
routing-optional = (facultatif)
routing-save = Enregistrer
routing-device-alerts = Alertes de cet appareil
routing-always = toujours
routing-at-hours = à ces heures
routing-never = jamais
routing-of-file-schedule = Le fichier de configuration a aussi un horaire pour cet appareil.
routing-saved = Enregistré.
routing-modes-title = Modes maison
routing-modes-one = Mode maison
routing-modes-intro = Un mode est actif : le dernier choisi, ou celui qui a commencé à son heure. Des règles peuvent en dépendre.
routing-modes-of-file = Le fichier de configuration définit les modes. Modifiez-les là.
routing-modes-begin = Commence à
routing-modes-begin-how = Par exemple 22:30 ou sunset (coucher du soleil) ; plusieurs avec des virgules. Vide : seulement si quelqu’un le choisit.
routing-modes-add = Ajouter un mode
routing-modes-none-yet = Il n’y a pas de mode.
