setup-password = Définir le mot de passe
setup-password-why = Quiconque connaît ce mot de passe voit ce que vos caméras envoient.
setup-password-field = Mot de passe, au moins 8 caractères
setup-save = Enregistrer

setup-of = Configurer { $name }
setup-open-device = Ouvrir l’appareil
setup-by-tipoff = Laisser Tipoff configurer la caméra
setup-by-tipoff-which = Dahua, Hikvision, Reolink et ce qu’ils fabriquent pour d’autres
setup-vendor = Fabricant
setup-vendor-other = autre
setup-by = Alertes par
setup-by-mail = courrier (images)
setup-by-ftp = FTP (images et vidéos)
setup-by-alarm = serveur d’alarme ou webhook (HTTP)
setup-show = Afficher
setup-settings = Réglages de la caméra
setup-menu = Page : <strong class="said" lang="en">{ $menu }</strong>
setup-field = Champ
setup-value = Valeur
setup-copied = copié
setup-copy-field = Copier { $field }
setup-copy = copier
setup-not-listening = (pas à l’écoute)
setup-no-address = (cette machine n’est encore sur aucun réseau ; rechargez cette page)
setup-password-hidden = (affiché seulement jusqu’à la première réception ; la page de l’appareil en génère un nouveau)
setup-only-port = Cette caméra n’accepte que le port { $port } : indiquez-le comme `listen` dans le fichier de configuration.
setup-test = Test
setup-works = <strong>Cela fonctionne.</strong> Première réception { $time } : <a href="incidents/{ $incident }">ouvrir l’incident</a>.
setup-lacks-channel = Pour l’instant, les alertes ne s’affichent qu’ici : <a href="channels/add">ajoutez un canal</a>.
setup-waiting = <strong>En attente du test de la caméra…</strong> Appuyez sur « Test » dans la page de la caméra. Ce cadre devient vert quand le test arrive.
setup-sessions = Sessions récentes de cette caméra et d’appareils inconnus :
setup-check = Rien ne vient de la caméra ?
setup-check-save = Enregistrez les réglages dans la page de la caméra avant d’appuyer sur « Test ». Certaines caméras testent ce qui a été enregistré en dernier.
setup-check-address = La caméra doit utiliser l’adresse <code>{ $host }</code>, pas un nom.
setup-check-other = <strong id="other-address">Vous avez ouvert cette page à une autre adresse, { $opened }.</strong> Si rien ne vient, saisissez { $opened } dans la caméra : quand Tipoff est dans un conteneur, l’adresse qu’il connaît n’est pas celle que les caméras atteignent.
setup-check-network = La caméra et cette machine doivent être dans le même réseau. Les réseaux invités et « l’isolation des clients » séparent les appareils.
setup-check-firewall = Le pare-feu de cette machine doit laisser passer les ports { $ports }, et pour FTP aussi les <code>passive_ports</code>. <code>tipoff doctor</code> montre ce qu’il trouve sur cette machine.
setup-check-phone = Ouvrez <a href="{ $url }" class="long">{ $url }</a> sur un téléphone du réseau de la caméra. Il doit afficher « { $words } ». Sinon, aucune caméra de ce réseau n’atteint Tipoff.
setup-qr-code = Code QR de { $url }
setup-port-mail = { $port } (courrier)
setup-port-uploads = { $port } (envois)
setup-ports-both = { $mail } et { $uploads }

setup-camera-of = Configurer la caméra de { $name }
setup-by-hand = Configurer à la main
setup-camera-how = Tipoff inscrit son adresse dans la caméra. Il montre d’abord ce qu’il changerait. Pour les caméras de Dahua, Hikvision et Reolink, et celles qu’ils fabriquent pour d’autres.
setup-search = Chercher des caméras dans le réseau
setup-camera-address = Adresse de la caméra
setup-camera-user = Utilisateur de la caméra
setup-camera-password = Mot de passe de la caméra
setup-camera-rights = L’utilisateur doit pouvoir modifier les réglages. Le mot de passe n’est essayé qu’une fois.
setup-keep-login = Garder cet identifiant, pour récupérer une image à chaque alarme
setup-show-changes = Afficher les changements
setup-changes = Ce qui changerait
setup-view = Ce que la caméra voit maintenant
setup-nothing-to-change = Tout est déjà réglé.
setup-setting = Réglage
setup-now = Actuel
setup-new = Nouveau
setup-write = Écrire dans la caméra
setup-camera-waiting = <strong>En attente de la caméra…</strong> Ce cadre devient vert quand son test ou sa première alarme arrive.
setup-login-kept = L’identifiant de la caméra est gardé et sert à récupérer des images. Il n’est jamais affiché.
setup-forget-login = Oublier l’identifiant

setup-nothing-came = Rien ne s’est connecté depuis une minute. Parcourez la liste ci-dessous.
setup-other-login = La réception a été attribuée à { $name }, car la connexion s’est faite en tant que { $login }. Saisissez l’utilisateur { $user } et son mot de passe dans la page de la caméra.
setup-other-no-login = La réception a été attribuée à { $name }, car il n’y a pas eu de connexion avec un identifiant. Saisissez l’utilisateur { $user } et son mot de passe dans la page de la caméra.
setup-no-command-mail = Un appareil s’est connecté au port du courrier et est reparti sans rien envoyer. Si c’était la caméra, choisissez un autre chiffrement dans sa page : « aucun », ou celui qu’elle appelle SSL ou TLS.
setup-no-command-uploads = Un appareil s’est connecté au port des envois de fichiers et est reparti sans rien envoyer. Si c’était la caméra, choisissez un autre chiffrement dans sa page : « aucun », ou celui qu’elle appelle SSL ou TLS.
setup-no-command-alarms = Un appareil s’est connecté au port des alarmes et est reparti sans rien envoyer. Si c’était la caméra, choisissez un autre chiffrement dans sa page : « aucun », ou celui qu’elle appelle SSL ou TLS.
setup-no-mail = La caméra s’est annoncée et est repartie sans envoyer de courrier. Remplissez l’expéditeur et le destinataire dans sa page, et enregistrez. Sur certaines caméras, ce bouton n’essaie que la connexion : déclenchez alors une vraie alarme, par exemple en passant devant la caméra.
setup-hung-up = La caméra a raccroché après le message d’accueil, avant d’envoyer un courrier. Désactivez le chiffrement et l’authentification dans sa page, ou activez-les s’ils sont désactivés. Si cela n’aide pas, définissez une écoute avec moins de fonctions (`ehlo = false` ou `auth = false` dans `listen` de `[smtp]`).
setup-no-upload = La caméra s’est connectée par FTP et est repartie sans déposer de fichier. Sur certaines caméras, ce bouton n’essaie que l’identifiant : déclenchez alors une vraie alarme, par exemple en passant devant la caméra, et vérifiez que l’envoi d’images est activé.
setup-no-picture = Le courrier n’a pas d’image. Activez dans la caméra l’ajout d’une image en pièce jointe (« attach picture », « snapshot », « image attachment »).
setup-empty-file = La caméra a déposé un fichier vide ; il est enregistré et ne donne jamais d’alerte. Sur certaines caméras, le bouton ne fait que cela : déclenchez une vraie alarme. Si les fichiers restent vides, passez du FTP passif à l’actif ou l’inverse dans la caméra, et laissez passer les `passive_ports` de `[ftp]` à travers le pare-feu.
setup-torn = La connexion s’est coupée avant que tout soit arrivé ; ce qui est arrivé est enregistré. Vérifiez le réseau de la caméra, surtout sa liaison sans fil, et appuyez de nouveau sur « Test ».
setup-not-proven = Ce qui est arrivé a été attribué à cet appareil, mais sans son mot de passe. Saisissez l’utilisateur { $user } et son mot de passe dans la page de la caméra.
