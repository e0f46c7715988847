device-title = Appareils
device-add = Ajouter une caméra
device-search = Rechercher
device-none = Aucun appareil n’a encore envoyé de données.
device-none-matches = Aucun appareil ne correspond.
device-last-seen = vu pour la dernière fois : { $time }
device-last-seen-strong = Vu pour la dernière fois : <strong>{ $time }</strong>
device-never = jamais
device-incidents-today = { $count ->
    [one] { $count } incident aujourd’hui
   *[other] { $count } incidents aujourd’hui
}
device-incidents-by-day = incidents des { $count } derniers jours : { $list }
device-muted = en sourdine
device-inactive = inactif
device-more = Plus
device-discovered = découvert
device-added-here = ajouté ici
device-configured = configuré
device-channel-of = canal de { $recorder }
device-of-vendor = { $vendor }, { $known }

device-all-incidents = Tous les incidents
device-sessions = Sessions
device-setup-guide = Guide d’installation
device-seen-at = { $place } par { $protocol }, { $time }
device-also-known = aussi connu sous le nom { $name }
device-muted-until = En sourdine jusqu’au { $time } : les réceptions sont enregistrées, aucune alerte n’est envoyée.
device-unmute = Réactiver le son
device-no-picture = Pas d’image : <span class="said" lang="en">{ $fault }</span> ({ $time }).
device-take-picture = Prendre une image maintenant
device-settings = Paramètres
device-set-in-file = Le fichier de configuration définit le nom et l’identifiant de cet appareil. Modifiez-les là.
device-saved = Enregistré.
device-name = Nom
device-rename = Renommer
device-muted-done = En sourdine.
device-mute-for = Mettre les alertes en sourdine pendant
device-for-hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}
device-for-day = 1 jour
device-for-week = 1 semaine
device-mute = Mettre en sourdine
device-inactivity-after = Alerte d’inactivité après
device-save = Enregistrer
device-merge-ask = Tout ce qui vient de cet appareil passe à l’autre. C’est irréversible. Continuer ?
device-merge-into = Fusionner avec
device-merge = Fusionner
device-user = Utilisateur : <code>{ $user }</code>.
device-password-ask = L’ancien mot de passe ne fonctionnera plus. Continuer ?
device-new-password = Générer un nouveau mot de passe
device-revoke-ask = L’appareil ne pourra plus se connecter. Continuer ?
device-revoke = Révoquer l’identifiant

device-pull-connecting = Interrogé sur ses événements à { $camera } ({ $kind }) : première réponse attendue
device-pull-connected = Interrogé sur ses événements à { $camera } ({ $kind }) : connecté { $time }
device-pull-failing = Interrogé sur ses événements à { $camera } ({ $kind }) : pas de connexion ; premier échec { $time }
device-pull-stopped = Interrogé sur ses événements à { $camera } ({ $kind }) : ne l’est plus ; arrêté { $time }
device-pull-elsewhere = Interrogé sur ses événements à { $camera } ({ $kind }) : un autre nœud le fait
device-pull-sign = { $pull } ; dernier signe de vie { $time }
device-pull-next = Prochaine tentative à { $time }.

device-add-how = Donnez un nom à la caméra. Elle reçoit un utilisateur et un mot de passe à elle, auxquels Tipoff la reconnaît.
device-add-example = Jardin de devant
device-add-button = Ajouter
device-add-any = Tout appareil qui envoie du courrier ou dépose des fichiers par FTP peut être ajouté.
