device-title = Apparaten
device-add = Camera toevoegen
device-search = Zoeken
device-none = Nog geen apparaat heeft iets gestuurd.
device-none-matches = Geen apparaat komt overeen.
device-last-seen = laatst gezien: { $time }
device-last-seen-strong = Laatst gezien: <strong>{ $time }</strong>
device-never = nooit
device-incidents-today = { $count ->
    [one] 1 incident vandaag
   *[other] { $count } incidenten vandaag
}
device-incidents-by-day = incidenten van de laatste { $count } dagen: { $list }
device-muted = gedempt
device-inactive = inactief
device-more = Meer
device-discovered = ontdekt
device-added-here = hier toegevoegd
device-configured = geconfigureerd
device-channel-of = kanaal van { $recorder }
device-of-vendor = { $vendor }, { $known }

device-all-incidents = Alle incidenten
device-sessions = Sessies
device-setup-guide = Installatiegids
device-seen-at = { $place } via { $protocol }, { $time }
device-also-known = ook bekend als { $name }
device-muted-until = Gedempt tot { $time }: wat binnenkomt wordt bewaard, er worden geen meldingen verzonden.
device-unmute = Dempen opheffen
device-no-picture = Geen foto: <span class="said" lang="en">{ $fault }</span> ({ $time }).
device-take-picture = Nu een foto maken
device-settings = Instellingen
device-set-in-file = Het configuratiebestand bepaalt de naam en de login van dit apparaat. Wijzig ze daar.
device-saved = Opgeslagen.
device-name = Naam
device-rename = Hernoemen
device-muted-done = Gedempt.
device-mute-for = Meldingen dempen gedurende
device-for-hours = { $count ->
    [one] 1 uur
   *[other] { $count } uur
}
device-for-day = 1 dag
device-for-week = 1 week
device-mute = Dempen
device-inactivity-after = Melding bij inactiviteit na
device-save = Opslaan
device-merge-ask = Alles van dit apparaat gaat naar het andere. Dit kan niet ongedaan worden gemaakt. Doorgaan?
device-merge-into = Samenvoegen met
device-merge = Samenvoegen
device-user = Gebruiker: <code>{ $user }</code>.
device-password-ask = Het oude wachtwoord werkt dan niet meer. Doorgaan?
device-new-password = Nieuw wachtwoord maken
device-revoke-ask = Het apparaat kan dan niet meer inloggen. Doorgaan?
device-revoke = Login intrekken

device-pull-connecting = Wordt op { $camera } ({ $kind }) naar gebeurtenissen gevraagd: het eerste antwoord wordt afgewacht
device-pull-connected = Wordt op { $camera } ({ $kind }) naar gebeurtenissen gevraagd: verbonden { $time }
device-pull-failing = Wordt op { $camera } ({ $kind }) naar gebeurtenissen gevraagd: geen verbinding; de eerste fout was { $time }
device-pull-stopped = Wordt op { $camera } ({ $kind }) naar gebeurtenissen gevraagd: niet meer; gestopt { $time }
device-pull-elsewhere = Wordt op { $camera } ({ $kind }) naar gebeurtenissen gevraagd: een ander knooppunt doet dat
device-pull-sign = { $pull }; laatste teken van leven { $time }
device-pull-next = De volgende poging is om { $time }.

device-add-how = Geef de camera een naam. Ze krijgt een eigen gebruiker en wachtwoord, waaraan Tipoff haar herkent.
device-add-example = Voortuin
device-add-button = Toevoegen
device-add-any = Elk apparaat dat e-mail verstuurt of bestanden via FTP uploadt, kan worden toegevoegd.
