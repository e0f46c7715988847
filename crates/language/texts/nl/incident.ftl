incident-something-arrived = Er is iets ontvangen
incident-not-recognised = Niet herkend
incident-not-seen = niet gezien
incident-device-and-time = { $device }, { $day } om { $time }
incident-suppressed = onderdrukt
incident-suppressed-means = opgeslagen, geen melding
incident-muted = gedempt
incident-not-interesting = niet belangrijk
incident-not-interesting-by = er worden geen meldingen meer verstuurd: { $by }
incident-locked = vergrendeld
incident-locked-by = blijft bewaard tot het wordt ontgrendeld: { $by }
incident-locked-since = Vergrendeld door { $by }; bewaard tot het wordt ontgrendeld
incident-lock = Vergrendelen
incident-lock-means = Dit incident bewaren, ongeacht de ouderdom en de vrije ruimte
incident-unlock = Ontgrendelen

incident-pictures-and-videos = Foto's en video's
incident-all-pictures = Alle foto's en video's
incident-zoom = { $name } vergroten
incident-place = { $number } van { $total }
incident-converted-first = Browsers spelen dit soort video niet af; hij wordt eerst omgezet.
incident-incomplete-video = onvolledig: speelt mogelijk niet af
incident-incomplete-picture = onvolledig: de verbinding werd verbroken

incident-arrivals = Ontvangsten
incident-mail = E-mail zonder onderwerp
incident-upload = Upload
incident-alarm = Alarm
incident-original-mail = originele e-mail
incident-original-file = origineel bestand
incident-original-request = origineel verzoek
incident-original-message = origineel bericht
incident-torn = De verbinding werd voor het einde verbroken. Dit is wat er is ontvangen.
incident-malformed = Deze e-mail is onjuist opgebouwd: hier kunnen delen ontbreken. De originele e-mail bevat alles.
incident-decoration = Foto's die de e-mail alleen versieren, zoals een logo, worden vermeld en niet verstuurd.
incident-from-address = van { $address }
incident-as-login = als { $name }
incident-sender = afzender { $address }
incident-recipients = aan { $addresses }
incident-encrypted = versleuteld
incident-not-encrypted = niet versleuteld

incident-deliveries = Bezorgingen
incident-no-alert = Er is geen melding verstuurd.
incident-no-alert-because = Er is geen melding verstuurd: { $why }.
incident-no-alert-now = Er wordt geen melding verstuurd: { $why }.
incident-dismissed = Niet belangrijk sinds { $time }: { $by }. Er worden geen meldingen meer verstuurd.
incident-first-alert = eerste melding
incident-follow-up = vervolg
incident-summary = samenvatting
incident-report = rapport
incident-state-pending = wacht
incident-state-delivered = bezorgd
incident-state-refused = geweigerd
incident-state-expired = verlopen
incident-state-withdrawn = ingetrokken
incident-accepted-after = geaccepteerd na { $time }
incident-next-attempt = Volgende poging om { $time }.
incident-waits-for-channel = Wordt verzonden zodra het kanaal weer meldingen aanneemt.
incident-retry = Opnieuw
incident-retry-all = Alles opnieuw

incident-download-and-share = Downloaden en delen
incident-download-all = Alles als zip-bestand downloaden
incident-link-valid-for = Link zonder inloggen, geldig voor
incident-create-link = Link maken
incident-mute-name = { $device } dempen
incident-mute-done = Gedempt: ontvangsten worden opgeslagen, er worden geen meldingen verstuurd.
incident-no-alerts-for = Geen meldingen gedurende
incident-mute-device = Apparaat dempen
incident-hours = { $count ->
    [one] 1 uur
   *[other] { $count } uur
}
incident-weeks = { $count ->
    [one] 1 week
   *[other] { $count } weken
}
