script-copy-yourself = selecciónelo y cópielo
script-download = Descargar { $name }
script-converting = Este vídeo se está convirtiendo para su navegador…
script-not-played = Su navegador no reproduce este vídeo.
script-not-converted = Este vídeo no se puede convertir.
script-removing = Incidentes eliminados: { $count }
