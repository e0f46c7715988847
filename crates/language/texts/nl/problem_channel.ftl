problem-channel-unreadable = de eerder toegevoegde kanalen zijn niet leesbaar; zie docs/channels.md
problem-channel-name-in-file = het configuratiebestand heeft een kanaal met deze naam
problem-channel-name-taken = een ander kanaal heeft deze naam
problem-channel-changed = de kanalen zijn intussen gewijzigd: laad de pagina opnieuw
problem-channel-name-form = 1 tot 60 tekens, geen onzichtbare en geen die de tekstrichting veranderen
problem-channel-moved = `{ $key }` is gewijzigd: typ dit opnieuw
problem-channel-nothing = er staat geen [[channel]], [[route]], [[schedule]] of [[mode]] in
problem-channel-no-answer = geen antwoord binnen een minuut
