script-copy-yourself = selecteer en kopieer het
script-download = { $name } downloaden
script-converting = Deze video wordt voor uw browser omgezet …
script-not-played = Uw browser speelt deze video niet af.
script-not-converted = Deze video kan niet worden omgezet.
script-removing = Verwijderde incidenten: { $count }
