setup-password = Passwort festlegen
setup-password-why = Wer dieses Passwort kennt, sieht, was Ihre Kameras senden.
setup-password-field = Passwort, mindestens 8 Zeichen
setup-save = Speichern

setup-of = { $name } einrichten
setup-open-device = Gerät öffnen
setup-by-tipoff = Kamera von Tipoff einrichten lassen
setup-by-tipoff-which = Dahua, Hikvision, Reolink und was sie für andere herstellen
setup-vendor = Hersteller
setup-vendor-other = anderer
setup-by = Alarme über
setup-by-mail = E-Mail (Bilder)
setup-by-ftp = FTP (Bilder und Videos)
setup-by-alarm = Alarmserver oder Webhook (HTTP)
setup-show = Anzeigen
setup-settings = Einstellungen der Kamera
setup-menu = Seite: <strong class="said" lang="en">{ $menu }</strong>
setup-field = Feld
setup-value = Wert
setup-copied = kopiert
setup-copy-field = { $field } kopieren
setup-copy = kopieren
setup-not-listening = (Port nicht offen)
setup-no-address = (dieser Rechner ist noch in keinem Netz; laden Sie diese Seite neu)
setup-password-hidden = (nur bis zum ersten Eingang sichtbar; die Seite des Geräts erzeugt ein neues)
setup-only-port = Diese Kamera unterstützt nur Port { $port }: Setzen Sie ihn als `listen` in der Konfigurationsdatei.
setup-test = Test
setup-works = <strong>Es funktioniert.</strong> Erster Eingang { $time }: <a href="incidents/{ $incident }">Vorfall öffnen</a>.
setup-lacks-channel = Alarme werden bisher nur hier angezeigt: <a href="channels/add">Kanal hinzufügen</a>.
setup-waiting = <strong>Warten auf den Test der Kamera …</strong> Drücken Sie „Test“ auf der Seite der Kamera. Dieses Feld wird grün, wenn der Test ankommt.
setup-sessions = Letzte Sitzungen dieser Kamera und unbekannter Geräte:
setup-check = Von der Kamera kommt nichts?
setup-check-save = Speichern Sie die Einstellungen auf der Seite der Kamera, bevor Sie „Test“ drücken. Manche Kameras testen, was zuletzt gespeichert war.
setup-check-address = Die Kamera muss die Adresse <code>{ $host }</code> verwenden, keinen Namen.
setup-check-other = <strong id="other-address">Sie haben diese Seite unter einer anderen Adresse geöffnet, { $opened }.</strong> Wenn nichts kommt, tragen Sie { $opened } in die Kamera ein: Läuft Tipoff in einem Container, kennt es selbst nicht die Adresse, die Kameras erreichen.
setup-check-network = Die Kamera und dieser Rechner müssen im selben Netz sein. Gastnetze und „Client-Isolation“ trennen Geräte voneinander.
setup-check-firewall = Die Firewall dieses Rechners muss die Ports { $ports } durchlassen, für FTP auch die <code>passive_ports</code>. <code>tipoff doctor</code> zeigt, was es auf diesem Rechner findet.
setup-check-phone = Öffnen Sie <a href="{ $url }" class="long">{ $url }</a> auf einem Telefon im Netz der Kamera. Dort muss stehen: „{ $words }“. Wenn nicht, erreicht dort auch keine Kamera Tipoff.
setup-qr-code = QR-Code von { $url }
setup-port-mail = { $port } (E-Mail)
setup-port-uploads = { $port } (Uploads)
setup-ports-both = { $mail } und { $uploads }

setup-camera-of = Kamera von { $name } einrichten
setup-by-hand = Von Hand einrichten
setup-camera-how = Tipoff schreibt seine Adresse in die Kamera. Vorher zeigt es, was es ändern würde. Für Kameras von Dahua, Hikvision und Reolink und solche, die sie für andere herstellen.
setup-search = Kameras im Netz suchen
setup-camera-address = Adresse der Kamera
setup-camera-user = Benutzer der Kamera
setup-camera-password = Passwort der Kamera
setup-camera-rights = Der Benutzer muss Einstellungen ändern dürfen. Das Passwort wird einmal versucht.
setup-keep-login = Login behalten, um zu jedem Alarm ein Bild zu holen
setup-show-changes = Änderungen anzeigen
setup-changes = Was sich ändern würde
setup-view = Was die Kamera jetzt sieht
setup-nothing-to-change = Alles ist schon eingestellt.
setup-setting = Einstellung
setup-now = Jetzt
setup-new = Neu
setup-write = In die Kamera schreiben
setup-camera-waiting = <strong>Warten auf die Kamera …</strong> Dieses Feld wird grün, wenn ihr Test oder ihr erster Alarm ankommt.
setup-login-kept = Der Login der Kamera ist gespeichert; damit werden Bilder geholt. Er wird nie angezeigt.
setup-forget-login = Login löschen

setup-nothing-came = Seit einer Minute hat sich nichts verbunden. Gehen Sie die Liste unten durch.
setup-other-login = Der Eingang wurde { $name } zugeordnet, weil die Anmeldung als { $login } erfolgte. Tragen Sie auf der Seite der Kamera den Benutzer { $user } und sein Passwort ein.
setup-other-no-login = Der Eingang wurde { $name } zugeordnet, weil keine Anmeldung erfolgte. Tragen Sie auf der Seite der Kamera den Benutzer { $user } und sein Passwort ein.
setup-no-command-mail = Ein Gerät hat sich mit dem Port für E-Mail verbunden und nichts gesendet. Wenn es die Kamera war, wählen Sie auf ihrer Seite eine andere Verschlüsselung: „keine“ oder die, die dort SSL oder TLS heißt.
setup-no-command-uploads = Ein Gerät hat sich mit dem Port für Uploads verbunden und nichts gesendet. Wenn es die Kamera war, wählen Sie auf ihrer Seite eine andere Verschlüsselung: „keine“ oder die, die dort SSL oder TLS heißt.
setup-no-command-alarms = Ein Gerät hat sich mit dem Port für Alarme verbunden und nichts gesendet. Wenn es die Kamera war, wählen Sie auf ihrer Seite eine andere Verschlüsselung: „keine“ oder die, die dort SSL oder TLS heißt.
setup-no-mail = Die Kamera hat sich gemeldet und keine E-Mail gesendet. Füllen Sie auf ihrer Seite Absender und Empfänger aus und speichern Sie. Bei manchen Kameras prüft dieser Knopf nur die Verbindung: Lösen Sie dann einen echten Alarm aus, etwa indem Sie an der Kamera vorbeigehen.
setup-hung-up = Die Kamera hat nach der Begrüßung aufgelegt, bevor sie eine E-Mail gesendet hat. Schalten Sie Verschlüsselung und Anmeldung auf ihrer Seite aus, oder ein, wo sie aus sind. Hilft das nicht, richten Sie einen Listener mit weniger Funktionen ein (`ehlo = false` oder `auth = false` in `listen` von `[smtp]`).
setup-no-upload = Die Kamera hat sich über FTP verbunden und keine Datei hochgeladen. Bei manchen Kameras prüft dieser Knopf nur den Login: Lösen Sie dann einen echten Alarm aus, etwa indem Sie an der Kamera vorbeigehen, und prüfen Sie, ob das Hochladen von Bildern eingeschaltet ist.
setup-no-picture = Die E-Mail hat kein Bild. Schalten Sie in der Kamera ein, dass ein Bild angehängt wird („attach picture“, „snapshot“, „image attachment“).
setup-empty-file = Die Kamera hat eine leere Datei hochgeladen; sie wird gespeichert und löst nie einen Alarm aus. Bei manchen Kameras tut der Knopf nur das: Lösen Sie einen echten Alarm aus. Bleiben die Dateien leer, wechseln Sie in der Kamera zwischen passivem und aktivem FTP und lassen Sie die `passive_ports` von `[ftp]` durch die Firewall.
setup-torn = Die Verbindung brach ab, bevor alles da war; was ankam, ist gespeichert. Prüfen Sie das Netz der Kamera, vor allem ihre WLAN-Verbindung, und drücken Sie noch einmal „Test“.
setup-not-proven = Was ankam, wurde diesem Gerät zugeordnet, aber ohne sein Passwort. Tragen Sie auf der Seite der Kamera den Benutzer { $user } und sein Passwort ein.
