alert-works = { $device } funciona
alert-plain = Alerta
alert-more = Más
alert-again = { $what } otra vez

alert-pictures = { $count ->
    [one] imagen
   *[other] { $count } imágenes
}
alert-videos = { $count ->
    [one] vídeo
   *[other] { $count } vídeos
}
alert-files = { $count ->
    [one] archivo
   *[other] { $count } archivos
}
alert-more-pictures = { $count ->
    [one] 1 imagen más
   *[other] { $count } imágenes más
}
alert-more-videos = { $count ->
    [one] 1 vídeo más
   *[other] { $count } vídeos más
}
alert-more-files = { $count ->
    [one] 1 archivo más
   *[other] { $count } archivos más
}
alert-video-length = vídeo { $length }
alert-video-alone = vídeo, { $length }

alert-test-with-picture = La prueba llegó con una imagen.
alert-test-without-picture = La prueba no tiene imagen. Si el dispositivo es una cámara, active los adjuntos en sus ajustes de correo.
alert-test-text = Así se ve una alerta. Las alertas llegarán aquí.

alert-left-out-linked = y { $count } más: { $link }
alert-left-out = y { $count } más, guardados en Tipoff

alert-file = { $name } ({ $size }): { $why }: { $place }
alert-file-linked = abrir { $link }
alert-file-kept = está guardado en Tipoff
alert-file-too-big = demasiado grande para { $service } (límite { $limit })
alert-file-empty = { $name }: un archivo vacío
alert-file-incomplete = { $name }: la grabación está incompleta o dañada y quizá no se reproduzca
alert-torn = La conexión se cortó antes del final: puede faltar algo.

alert-late-minutes = { $time }, { $count } min de retraso
alert-late-hours = { $time }, { $count } h de retraso
alert-late-days = { $time }, { $count } días de retraso
alert-late-day = { $day }, { $time }

alert-summary = { $count } más desde las { $time }. Están guardadas y no se envían una a una.

report-title = Informe
report-since = { $count ->
    [one] 1 incidente desde el { $weekday } { $time }
   *[other] { $count } incidentes desde el { $weekday } { $time }
}
report-event = { $event }: { $count }
report-other = Otros
report-at = A las { $time }
report-first-and-last = El primero a las { $first }, el último a las { $last }

inactive-minutes = { $count ->
    [one] { $device } no ha enviado nada desde hace 1 minuto
   *[other] { $device } no ha enviado nada desde hace { $count } minutos
}
inactive-hours = { $device } no ha enviado nada desde hace { $count } horas
inactive-days = { $device } no ha enviado nada desde hace { $count } días

button-open = Abrir
button-mute-minutes = { $count } min
button-mute-hours = { $count } h
button-mute-morning = Hasta la mañana
button-dismiss = Sin interés
button-lock = Guardar
