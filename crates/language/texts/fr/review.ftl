review-night-or-day = Nuit ou jour
review-night-of = Nuit : { $date }
review-day-of = Jour : { $date }
review-earlier = Plus tôt
review-later = Plus tard
review-month-before = Mois précédent
review-month-after = Mois suivant
review-day-with-incidents = { $day }, avec des incidents
review-events = Événements
review-by-device-and-hour = Incidents par appareil et par heure
review-device = Appareil
review-more-devices = { $count ->
    [one] 1 autre appareil a des incidents.
   *[other] { $count } autres appareils ont des incidents.
}
review-newest-counted = { $count ->
    [one] Seul l’incident le plus récent est compté.
   *[other] Seuls les { $count } incidents les plus récents sont comptés.
}
review-what-is-shown = Ce qui est affiché
review-show-all-again = tout afficher de nouveau
review-from-hour = à partir de { $time }
review-one-hour = une heure
review-device-number = appareil { $number }
review-unseen = Non vus
review-all = Tous
review-starred = Avec étoile
review-most-important-first = Plus importants d’abord
review-newest-first = Plus récents d’abord
review-mark-all-seen = Tout marquer comme vu
review-select = Sélectionner
review-selected = Incidents sélectionnés
review-select-all = Sélectionner tous les affichés
review-select-incident = Sélectionner { $title }, { $device }, { $time }
review-star = Étoile
review-mark-seen = Marquer comme vus
review-download-zip = Télécharger en zip
review-delete = Supprimer
review-nothing-happened = Il ne s’est rien passé. Les nouveaux incidents apparaissent ici automatiquement.
review-everything-seen = Tout a été vu ici.
review-nothing-matches = Aucun résultat.
review-more = Plus
review-open = Ouvrir
review-close = Fermer
review-back = Retour
review-previous = Précédent
review-next = Suivant

script-review-is-video = Une vidéo : ouvrez l’incident pour la lire.
script-review-no-picture = Il n’y a pas d’image.
script-review-place = { $number } sur { $total }
script-review-place-more = { $number } sur { $total } ou plus
script-review-selected = Sélection : { $count }
script-review-starred = Étoile ajoutée.
script-review-seen = Marqués comme vus.
script-review-locked = Verrouillés.
script-review-confirm-delete = Supprimer les incidents sélectionnés ({ $count }) avec toutes leurs images et vidéos ? Cette action est irréversible.
script-review-deleted = Supprimés : { $count }.
script-review-kept-locked = Conservés, car verrouillés : { $count }.
script-review-kept-summary = Conservés, car un résumé d’autres alertes doit encore être envoyé : { $count }.
