incident-something-arrived = Se ha recibido algo
incident-not-recognised = No reconocido
incident-not-seen = sin ver
incident-device-and-time = { $device }, { $day } a las { $time }
incident-suppressed = omitida
incident-suppressed-means = guardada, sin alerta
incident-muted = en silencio
incident-not-interesting = no interesa
incident-not-interesting-by = no se envían más alertas: { $by }
incident-locked = bloqueado
incident-locked-by = se conserva hasta que se desbloquee: { $by }
incident-locked-since = Bloqueado por { $by }; se guarda hasta que se desbloquee
incident-lock = Bloquear
incident-lock-means = Conservar este incidente sin importar su antigüedad ni el espacio libre
incident-unlock = Desbloquear

incident-pictures-and-videos = Imágenes y vídeos
incident-all-pictures = Todas las imágenes y vídeos
incident-zoom = Ampliar { $name }
incident-place = { $number } de { $total }
incident-converted-first = Los navegadores no reproducen este tipo de vídeo; primero se convierte.
incident-incomplete-video = incompleto: quizá no se reproduzca
incident-incomplete-picture = incompleta: se cortó la conexión

incident-arrivals = Recepciones
incident-mail = Correo sin asunto
incident-upload = Subida
incident-alarm = Alarma
incident-original-mail = correo original
incident-original-file = archivo original
incident-original-request = petición original
incident-original-message = mensaje original
incident-torn = La conexión se cortó antes del final. Esto es lo que se recibió.
incident-malformed = Este correo está mal formado: aquí pueden faltar partes. El correo original lo tiene todo.
incident-decoration = Las imágenes que solo adornan el correo, como un logotipo, se enumeran y no se envían.
incident-from-address = desde { $address }
incident-as-login = como { $name }
incident-sender = remitente { $address }
incident-recipients = para { $addresses }
incident-encrypted = cifrado
incident-not-encrypted = sin cifrar

incident-deliveries = Entregas
incident-no-alert = No se envió ninguna alerta.
incident-no-alert-because = No se envió ninguna alerta: { $why }.
incident-no-alert-now = No se envía ninguna alerta: { $why }.
incident-dismissed = No interesa desde { $time }: { $by }. No se envían más alertas.
incident-first-alert = primera alerta
incident-follow-up = continuación
incident-summary = resumen
incident-report = informe
incident-state-pending = en espera
incident-state-delivered = entregada
incident-state-refused = rechazada
incident-state-expired = caducada
incident-state-withdrawn = retirada
incident-accepted-after = aceptada tras { $time }
incident-next-attempt = Próximo intento a las { $time }.
incident-waits-for-channel = Se enviará en cuanto el canal vuelva a aceptar alertas.
incident-retry = Reintentar
incident-retry-all = Reintentar todas

incident-download-and-share = Descargar y compartir
incident-download-all = Descargar todo como archivo zip
incident-link-valid-for = Enlace sin inicio de sesión, válido durante
incident-create-link = Crear enlace
incident-mute-name = Silenciar { $device }
incident-mute-done = En silencio: lo recibido se guarda, no se envían alertas.
incident-no-alerts-for = Sin alertas durante
incident-mute-device = Silenciar dispositivo
incident-hours = { $count ->
    [one] 1 hora
   *[other] { $count } horas
}
incident-weeks = { $count ->
    [one] 1 semana
   *[other] { $count } semanas
}
