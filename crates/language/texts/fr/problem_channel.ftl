problem-channel-unreadable = les canaux déjà ajoutés sont illisibles ; voir docs/channels.md
problem-channel-name-in-file = le fichier de configuration contient un canal de ce nom
problem-channel-name-taken = un autre canal porte ce nom
problem-channel-changed = les canaux ont été modifiés entre-temps : rechargez la page
problem-channel-name-form = de 1 à 60 caractères, sans caractères invisibles ni changement du sens d’écriture
problem-channel-moved = `{ $key }` a été modifié : saisissez ceci à nouveau
problem-channel-nothing = il ne contient aucun [[channel]], [[route]], [[schedule]] ni [[mode]]
problem-channel-no-answer = aucune réponse en une minute
