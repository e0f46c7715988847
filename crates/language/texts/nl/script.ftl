script-copy-yourself = selecteer en kopieer het
script-download = { $name } downloaden
script-converting = Deze video wordt voor uw browser omgezet …
script-not-played = Uw browser speelt deze video niet af.
script-not-converted = Deze video kan niet worden omgezet.
script-routes-changed = De regels zijn intussen gewijzigd: laad de pagina opnieuw.
script-choose-channel = Kies een kanaal.
script-see-fields = Zie de gemarkeerde velden.
