device-title = Geräte
device-add = Kamera hinzufügen
device-search = Suchen
device-none = Noch kein Gerät hat etwas gesendet.
device-none-matches = Kein Gerät passt zur Suche.
device-last-seen = zuletzt gesehen: { $time }
device-last-seen-strong = Zuletzt gesehen: <strong>{ $time }</strong>
device-never = nie
device-incidents-today = { $count ->
    [one] 1 Vorfall heute
   *[other] { $count } Vorfälle heute
}
device-incidents-by-day = Vorfälle der letzten { $count } Tage: { $list }
device-muted = stummgeschaltet
device-inactive = inaktiv
device-more = Mehr
device-discovered = erkannt
device-added-here = hier hinzugefügt
device-configured = konfiguriert
device-channel-of = Kanal von { $recorder }
device-of-vendor = { $vendor }, { $known }

device-all-incidents = Alle Vorfälle
device-sessions = Sitzungen
device-setup-guide = Einrichtung
device-seen-at = { $place } über { $protocol }, { $time }
device-also-known = auch bekannt als { $name }
device-muted-until = Stummgeschaltet bis { $time }: Eingänge werden gespeichert, Alarme nicht gesendet.
device-unmute = Stummschaltung aufheben
device-no-picture = Kein Bild: <span class="said" lang="en">{ $fault }</span> ({ $time }).
device-take-picture = Jetzt ein Bild aufnehmen
device-settings = Einstellungen
device-set-in-file = Name und Login dieses Geräts stehen in der Konfigurationsdatei. Ändern Sie sie dort.
device-saved = Gespeichert.
device-name = Name
device-rename = Umbenennen
device-muted-done = Stummgeschaltet.
device-mute-for = Alarme stummschalten für
device-for-hours = { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
}
device-for-day = 1 Tag
device-for-week = 1 Woche
device-mute = Stummschalten
device-inactivity-after = Alarm bei Inaktivität nach
device-save = Speichern
device-merge-ask = Alles von diesem Gerät wird dem anderen zugeordnet. Das lässt sich nicht rückgängig machen. Fortfahren?
device-merge-into = Zusammenführen mit
device-merge = Zusammenführen
device-user = Benutzer: <code>{ $user }</code>.
device-password-ask = Das alte Passwort gilt dann nicht mehr. Fortfahren?
device-new-password = Neues Passwort erzeugen
device-revoke-ask = Das Gerät kann sich dann nicht mehr anmelden. Fortfahren?
device-revoke = Login widerrufen

device-pull-connecting = Wird unter { $camera } ({ $kind }) nach Ereignissen gefragt: Die erste Antwort steht aus
device-pull-connected = Wird unter { $camera } ({ $kind }) nach Ereignissen gefragt: verbunden { $time }
device-pull-failing = Wird unter { $camera } ({ $kind }) nach Ereignissen gefragt: keine Verbindung; erster Fehler { $time }
device-pull-stopped = Wird unter { $camera } ({ $kind }) nach Ereignissen gefragt: nicht mehr; beendet { $time }
device-pull-elsewhere = Wird unter { $camera } ({ $kind }) nach Ereignissen gefragt: Ein anderer Knoten fragt es
device-pull-sign = { $pull }; letztes Lebenszeichen { $time }
device-pull-next = Der nächste Versuch ist um { $time }.

device-add-how = Geben Sie der Kamera einen Namen. Sie bekommt einen eigenen Benutzer mit Passwort, an denen Tipoff sie erkennt.
device-add-example = Vorgarten
device-add-button = Hinzufügen
device-add-any = Jedes Gerät, das E-Mails sendet oder Dateien über FTP hochlädt, kann hinzugefügt werden.
