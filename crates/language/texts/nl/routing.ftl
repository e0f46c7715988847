routing-title = Regels
routing-intro = Welke meldingen naar welke kanalen gaan. De regels worden van boven naar beneden gecontroleerd.
routing-add = Regel toevoegen
routing-of-file = uit het configuratiebestand
routing-alerted = { $count ->
    [one] { $count } incident gemeld in de laatste 24 uur
   *[other] { $count } incidenten gemeld in de laatste 24 uur
}
routing-alerted-since = { $count ->
    [one] { $count } incident gemeld sinds { $time }
   *[other] { $count } incidenten gemeld sinds { $time }
}
routing-suppressed = { $count ->
    [one] { $count } incident onderdrukt in de laatste 24 uur
   *[other] { $count } incidenten onderdrukt in de laatste 24 uur
}
routing-suppressed-since = { $count ->
    [one] { $count } incident onderdrukt sinds { $time }
   *[other] { $count } incidenten onderdrukt sinds { $time }
}
routing-everything = <strong>Alles</strong>
routing-everything-else = <strong>Al het andere</strong>
routing-if-any = Als een apparaat iets meldt
routing-if-device = Als <strong>{ $devices }</strong> iets meldt
routing-if-event = Als een apparaat <strong>{ $events }</strong> meldt
routing-if-both = Als <strong>{ $devices }</strong> <strong>{ $events }</strong> meldt
routing-removed-device = een verwijderd apparaat
routing-other-event = een onbekende gebeurtenis
routing-or = { $first } of { $last }
routing-between = tussen <strong>{ $start }</strong> en <strong>{ $end }</strong>
routing-group = in de groep <strong>{ $words }</strong>
routing-subject = met het onderwerp <strong>{ $words }</strong>
routing-text = met de tekst <strong>{ $words }</strong>
routing-from = van <strong>{ $words }</strong>
routing-to = aan <strong>{ $words }</strong>
routing-has = met <strong>{ $words }</strong>
routing-has-picture = afbeelding
routing-has-video = video
routing-on-days = op <strong>{ $words }</strong>
routing-in-mode = in de modus <strong>{ $words }</strong>
routing-nobody = <strong>niemand</strong> waarschuwen
routing-all = <strong>alle kanalen</strong> waarschuwen
routing-notify = <strong>{ $channels }</strong> waarschuwen
routing-note-silent = zonder geluid
routing-note-priority = prioriteit { $priority }
routing-note-cooldown = hoogstens elke { $time }
routing-note-per-hour = hoogstens { $count } per uur
routing-note-first-only = zonder vervolgmeldingen
routing-note-continue = daarna ook de volgende regel
routing-priority-lowest = laagste
routing-priority-low = laag
routing-priority-normal = normaal
routing-priority-high = hoog
routing-priority-urgent = dringend
routing-rest-nobody = <strong>Al het andere</strong>: <strong>niemand</strong> waarschuwen
routing-no-routes = <strong>Alles</strong>: <strong>alle kanalen</strong> waarschuwen
routing-no-routes-why = Er zijn geen regels. Bij de eerste komt er ook een laatste voor al het andere.
routing-missing = Bestaat niet meer: { $names }
routing-not-reached = Wordt nooit bereikt: een regel erboven geldt voor alles.
routing-fault = Wat hier is toegevoegd, bevat een fout. Niets ervan is in gebruik: geen kanaal, regel of tijdschema.
routing-edit = Bewerken
routing-up = Omhoog
routing-down = Omlaag
routing-remove = Verwijderen
routing-confirm-remove = Regel verwijderen?
routing-edit-title = Regel bewerken
routing-devices = Apparaten
routing-devices-none = Geen gekozen: alle apparaten.
routing-groups = Groepen
routing-groups-none = Geen gekozen: alle. Een apparaat moet in beide lijsten passen.
routing-events = Gebeurtenissen
routing-events-none = Geen gekozen: alle gebeurtenissen.
routing-hours = Uren
routing-hours-how = Bijvoorbeeld 22:00 en 06:00, of sunset en sunrise (zonsondergang, zonsopkomst). Leeg: altijd.
routing-start = Van
routing-end = Tot
routing-days = Dagen
routing-days-none = Geen gekozen: elke dag. Uren over middernacht horen bij de dag waarop ze beginnen.
routing-modes = Huismodi
routing-modes-none = Geen gekozen: in elke modus.
routing-notify-whom = Waarschuwen
routing-whom-all = alle kanalen
routing-whom-these = deze kanalen
routing-whom-nobody = niemand
routing-silent = Zonder geluid
routing-more = Meer instellingen
routing-priority = Prioriteit
routing-as-channel = zoals bij het kanaal ingesteld
routing-cooldown = Pauze na een melding
routing-cooldown-how = Zo lang worden verdere incidenten van het apparaat bewaard en niet gemeld. Bijvoorbeeld 2 min.
routing-per-hour = Hoogste aantal incidenten van een apparaat per uur
routing-follow-ups = Ook latere afbeeldingen en de video van een incident sturen
routing-continue = Ook de volgende regels controleren
routing-continue-how = Anders wordt voor een passend incident geen verdere regel gecontroleerd.
routing-name = Naam
routing-name-how = Deze verklaart op de tijdlijn waarom een incident wel of niet is gemeld.
routing-optional = (optioneel)
routing-save = Opslaan
routing-device-alerts = Meldingen van dit apparaat
routing-always = altijd
routing-at-hours = op deze uren
routing-never = nooit
routing-of-file-schedule = Het configuratiebestand heeft ook een tijdschema voor dit apparaat.
routing-saved = Opgeslagen.
routing-modes-title = Huismodi
routing-modes-one = Huismodus
routing-modes-intro = Eén modus is actief: de laatst gekozene, of die het laatst op zijn tijd begon. Regels kunnen ervan afhangen.
routing-modes-of-file = Het configuratiebestand bepaalt de modi. Wijzig ze daar.
routing-modes-begin = Begint om
routing-modes-begin-how = Bijvoorbeeld 22:30 of sunset (zonsondergang); meerdere met komma’s. Leeg: alleen als iemand die kiest.
routing-modes-add = Modus toevoegen
routing-modes-none-yet = Er zijn geen modi.
