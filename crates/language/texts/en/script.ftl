# What the scripts of pages write. `{ $name }` is filled in by the script; there is no plural.
script-copy-yourself = select and copy it
script-download = Download { $name }
script-converting = This video is converted for your browser …
script-not-played = Your browser does not play this video.
script-not-converted = This video cannot be converted.
script-removing = Deleted incidents: { $count }
