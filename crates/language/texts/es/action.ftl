action-everything = Todo
action-muted = { $what }: en silencio hasta las { $time }.
action-muted-label = Hasta las { $time }
action-unmute = Reactivar
action-not-muted = { $what }: sin silenciar.
action-not-muted-label = Sin silenciar
action-mode = El modo es { $mode }.
action-mode-back = Volver a { $mode }
action-dismissed = No se envían más alertas de este incidente.
action-restore = Sí me interesa
action-restored = Las alertas de este incidente se envían de nuevo.
action-restored-label = Interesante
action-locked = Este incidente está bloqueado: se conserva hasta que se desbloquee.
action-locked-label = Bloqueado
action-unlock = Desbloquear
action-unlocked = Este incidente no está bloqueado.
action-unlocked-label = Desbloqueado

overview-mode = Modo: { $mode } (de { $all })
overview-muted = { $what }: en silencio hasta las { $time }
overview-until = en silencio hasta las { $time }
overview-devices = { $count ->
    [one] 1 dispositivo; último: { $last }
   *[other] { $count } dispositivos; último: { $last }
}
overview-no-device = Ningún dispositivo ha enviado nada todavía.
overview-more-devices = Hay más: el panel muestra todos los dispositivos.
overview-nothing-yet = nada todavía
overview-no-incident = Todavía no hay ningún incidente.
overview-nothing-waits = No hay alertas en espera
overview-waiting = { $count ->
    [one] 1 alerta en espera
   *[other] { $count } alertas en espera
}
overview-pictures = { $count ->
    [one] 1 imagen
   *[other] { $count } imágenes
}
overview-videos = { $count ->
    [one] 1 vídeo
   *[other] { $count } vídeos
}
overview-channel-fails = { $name } falla: { $error }
overview-channel-paused = { $name } está en pausa
overview-failed = No ha funcionado. Inténtelo de nuevo en un momento.
ago-now = ahora mismo
ago-minutes = hace { $count } min
ago-hours = hace { $count } h
