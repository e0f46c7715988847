incident-something-arrived = Quelque chose a été reçu
incident-not-recognised = Non reconnu
incident-not-seen = non vu
incident-device-and-time = { $device }, { $day } à { $time }
incident-suppressed = non envoyée
incident-suppressed-means = enregistrée, sans alerte
incident-muted = en sourdine
incident-not-interesting = sans intérêt
incident-not-interesting-by = plus aucune alerte n’est envoyée : { $by }
incident-locked = verrouillé
incident-locked-by = conservé jusqu’à son déverrouillage : { $by }
incident-locked-since = Verrouillé par { $by } ; conservé jusqu’à son déverrouillage
incident-lock = Verrouiller
incident-lock-means = Conserver cet incident quels que soient son âge et l’espace libre
incident-unlock = Déverrouiller

incident-pictures-and-videos = Images et vidéos
incident-all-pictures = Toutes les images et vidéos
incident-zoom = Agrandir { $name }
incident-place = { $number } sur { $total }
incident-converted-first = Les navigateurs ne lisent pas ce type de vidéo ; elle est d’abord convertie.
incident-incomplete-video = incomplète : elle peut ne pas se lire
incident-incomplete-picture = incomplète : la connexion a été coupée

incident-arrivals = Réceptions
incident-mail = E-mail sans objet
incident-upload = Envoi de fichier
incident-alarm = Alarme
incident-original-mail = e-mail d’origine
incident-original-file = fichier d’origine
incident-original-request = requête d’origine
incident-original-message = message d’origine
incident-torn = La connexion a été coupée avant la fin. Voici ce qui a été reçu.
incident-malformed = Cet e-mail est mal formé : des parties peuvent manquer ici. L’e-mail d’origine contient tout.
incident-decoration = Les images qui ne font que décorer l’e-mail, comme un logo, sont listées et non envoyées.
incident-from-address = depuis { $address }
incident-as-login = en tant que { $name }
incident-sender = expéditeur { $address }
incident-recipients = à { $addresses }
incident-encrypted = chiffré
incident-not-encrypted = non chiffré

incident-deliveries = Livraisons
incident-no-alert = Aucune alerte n’a été envoyée.
incident-no-alert-because = Aucune alerte n’a été envoyée : { $why }.
incident-no-alert-now = Aucune alerte n’est envoyée : { $why }.
incident-dismissed = Sans intérêt depuis { $time } : { $by }. Plus aucune alerte n’est envoyée.
incident-first-alert = première alerte
incident-follow-up = suite
incident-summary = résumé
incident-report = rapport
incident-state-pending = en attente
incident-state-delivered = livrée
incident-state-refused = refusée
incident-state-expired = expirée
incident-state-withdrawn = retirée
incident-accepted-after = acceptée après { $time }
incident-next-attempt = Prochaine tentative à { $time }.
incident-waits-for-channel = Envoyée dès que le canal accepte de nouveau des alertes.
incident-retry = Réessayer
incident-retry-all = Tout réessayer

incident-download-and-share = Télécharger et partager
incident-download-all = Tout télécharger dans un fichier zip
incident-link-valid-for = Lien sans connexion, valable pendant
incident-create-link = Créer le lien
incident-mute-name = Mettre { $device } en sourdine
incident-mute-done = En sourdine : les réceptions sont enregistrées, aucune alerte n’est envoyée.
incident-no-alerts-for = Pas d’alertes pendant
incident-mute-device = Mettre en sourdine
incident-hours = { $count ->
    [one] 1 heure
   *[other] { $count } heures
}
incident-weeks = { $count ->
    [one] 1 semaine
   *[other] { $count } semaines
}
