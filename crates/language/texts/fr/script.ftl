script-copy-yourself = sélectionnez et copiez
script-download = Télécharger { $name }
script-converting = Cette vidéo est convertie pour votre navigateur…
script-not-played = Votre navigateur ne lit pas cette vidéo.
script-not-converted = Cette vidéo ne peut pas être convertie.
script-routes-changed = Les règles ont été modifiées entre-temps : rechargez la page.
script-choose-channel = Choisissez un canal.
script-see-fields = Voyez les champs marqués.
