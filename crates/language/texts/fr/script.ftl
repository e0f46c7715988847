script-copy-yourself = sélectionnez et copiez
script-download = Télécharger { $name }
script-converting = Cette vidéo est convertie pour votre navigateur…
script-not-played = Votre navigateur ne lit pas cette vidéo.
script-not-converted = Cette vidéo ne peut pas être convertie.
script-removing = Incidents supprimés : { $count }
