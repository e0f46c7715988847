setup-password = Wachtwoord instellen
setup-password-why = Wie dit wachtwoord kent, ziet wat uw camera's versturen.
setup-password-field = Wachtwoord, minstens 8 tekens
setup-save = Opslaan

setup-of = { $name } instellen
setup-open-device = Apparaat openen
setup-by-tipoff = Tipoff de camera laten instellen
setup-by-tipoff-which = Dahua, Hikvision, Reolink en wat zij voor anderen maken
setup-vendor = Fabrikant
setup-vendor-other = andere
setup-by = Meldingen via
setup-by-mail = e-mail (foto's)
setup-by-ftp = FTP (foto's en video's)
setup-by-alarm = alarmserver of webhook (HTTP)
setup-show = Tonen
setup-settings = Instellingen van de camera
setup-menu = Pagina: <strong class="said" lang="en">{ $menu }</strong>
setup-field = Veld
setup-value = Waarde
setup-copied = gekopieerd
setup-copy-field = { $field } kopiëren
setup-copy = kopiëren
setup-not-listening = (luistert niet)
setup-no-address = (deze machine zit nog in geen netwerk; laad deze pagina opnieuw)
setup-password-hidden = (alleen zichtbaar tot de eerste ontvangst; de pagina van het apparaat maakt een nieuw)
setup-only-port = Deze camera ondersteunt alleen poort { $port }: stel die in als `listen` in het configuratiebestand.
setup-test = Test
setup-works = <strong>Het werkt.</strong> Eerste ontvangst { $time }: <a href="incidents/{ $incident }">incident openen</a>.
setup-lacks-channel = Meldingen worden nu alleen hier getoond: <a href="channels/add">voeg een kanaal toe</a>.
setup-waiting = <strong>Wachten op de test van de camera…</strong> Druk op ‘Test’ op de pagina van de camera. Dit vak wordt groen als de test binnenkomt.
setup-sessions = Recente sessies van deze camera en van onbekende apparaten:
setup-check = Komt er niets van de camera?
setup-check-save = Sla de instellingen op de pagina van de camera op voordat u op ‘Test’ drukt. Sommige camera's testen wat het laatst is opgeslagen.
setup-check-address = De camera moet het adres <code>{ $host }</code> gebruiken, geen naam.
setup-check-other = <strong id="other-address">U hebt deze pagina op een ander adres geopend, { $opened }.</strong> Als er niets komt, vul dan { $opened } in de camera in: als Tipoff in een container draait, is het adres dat het zelf kent niet het adres dat camera's bereiken.
setup-check-network = De camera en deze machine moeten in hetzelfde netwerk zitten. Gastnetwerken en ‘client isolation’ houden apparaten gescheiden.
setup-check-firewall = De firewall van deze machine moet de poorten { $ports } doorlaten, voor FTP ook de <code>passive_ports</code>. <code>tipoff doctor</code> toont wat het op deze machine vindt.
setup-check-phone = Open <a href="{ $url }" class="long">{ $url }</a> op een telefoon in het netwerk van de camera. Daar moet staan: ‘{ $words }’. Zo niet, dan bereikt geen camera daar Tipoff.
setup-qr-code = QR-code van { $url }
setup-port-mail = { $port } (e-mail)
setup-port-uploads = { $port } (uploads)
setup-ports-both = { $mail } en { $uploads }

setup-camera-of = Camera van { $name } instellen
setup-by-hand = Met de hand instellen
setup-camera-how = Tipoff schrijft zijn adres in de camera. Eerst toont het wat het zou wijzigen. Voor camera's van Dahua, Hikvision en Reolink, en die zij voor anderen maken.
setup-search = Camera's in het netwerk zoeken
setup-camera-address = Adres van de camera
setup-camera-user = Gebruiker van de camera
setup-camera-password = Wachtwoord van de camera
setup-camera-rights = De gebruiker moet instellingen mogen wijzigen. Het wachtwoord wordt één keer geprobeerd.
setup-keep-login = Deze login bewaren, om bij elk alarm een foto op te halen
setup-show-changes = Wijzigingen tonen
setup-changes = Wat zou veranderen
setup-view = Wat de camera nu ziet
setup-nothing-to-change = Alles is al ingesteld.
setup-setting = Instelling
setup-now = Nu
setup-new = Nieuw
setup-write = Naar de camera schrijven
setup-camera-waiting = <strong>Wachten op de camera…</strong> Dit vak wordt groen als haar test of eerste alarm binnenkomt.
setup-login-kept = De login van de camera is bewaard; daarmee worden foto's opgehaald. Hij wordt nooit getoond.
setup-forget-login = Login vergeten

setup-nothing-came = Er heeft al een minuut niets verbinding gemaakt. Loop de lijst hieronder na.
setup-other-login = De ontvangst is aan { $name } toegewezen omdat werd ingelogd als { $login }. Vul de gebruiker { $user } en het wachtwoord in op de pagina van de camera.
setup-other-no-login = De ontvangst is aan { $name } toegewezen omdat niet werd ingelogd. Vul de gebruiker { $user } en het wachtwoord in op de pagina van de camera.
setup-no-command-mail = Een apparaat maakte verbinding met de poort voor e-mail en stuurde niets. Als het de camera was, kies dan op haar pagina een andere versleuteling: ‘geen’, of wat daar SSL of TLS heet.
setup-no-command-uploads = Een apparaat maakte verbinding met de poort voor uploads en stuurde niets. Als het de camera was, kies dan op haar pagina een andere versleuteling: ‘geen’, of wat daar SSL of TLS heet.
setup-no-command-alarms = Een apparaat maakte verbinding met de poort voor alarmen en stuurde niets. Als het de camera was, kies dan op haar pagina een andere versleuteling: ‘geen’, of wat daar SSL of TLS heet.
setup-no-mail = De camera meldde zich en stuurde geen e-mail. Vul afzender en ontvanger in op haar pagina, en sla op. Bij sommige camera's test deze knop alleen de verbinding: veroorzaak dan een echt alarm, bijvoorbeeld door langs de camera te lopen.
setup-hung-up = De camera verbrak de verbinding na de begroeting, voordat ze een e-mail stuurde. Zet versleuteling en authenticatie op haar pagina uit, of aan als ze uit staan. Helpt dat niet, stel dan een luisterpoort met minder functies in (`ehlo = false` of `auth = false` in `listen` van `[smtp]`).
setup-no-upload = De camera maakte verbinding via FTP en uploadde geen bestand. Bij sommige camera's test deze knop alleen de login: veroorzaak dan een echt alarm, bijvoorbeeld door langs de camera te lopen, en controleer of het uploaden van foto's aan staat.
setup-no-picture = De e-mail heeft geen foto. Zet in de camera aan dat een foto wordt bijgevoegd (‘attach picture’, ‘snapshot’, ‘image attachment’).
setup-empty-file = De camera uploadde een leeg bestand; het wordt bewaard en geeft nooit een melding. Bij sommige camera's doet de knop niet meer: veroorzaak een echt alarm. Blijven de bestanden leeg, wissel dan in de camera tussen passieve en actieve FTP, en laat de `passive_ports` van `[ftp]` door de firewall.
setup-torn = De verbinding brak af voordat alles binnen was; wat binnenkwam is bewaard. Controleer het netwerk van de camera, vooral de draadloze verbinding, en druk opnieuw op ‘Test’.
setup-not-proven = Wat binnenkwam is aan dit apparaat toegewezen, maar zonder het wachtwoord. Vul de gebruiker { $user } en het wachtwoord in op de pagina van de camera.
