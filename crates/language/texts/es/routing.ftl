routing-title = Reglas
routing-intro = Qué alertas van a qué canales. Las reglas se comprueban de arriba abajo.
routing-add = Añadir una regla
routing-of-file = del archivo de configuración
routing-alerted = { $count ->
    [one] { $count } incidente notificado en las últimas 24 horas
   *[other] { $count } incidentes notificados en las últimas 24 horas
}
routing-alerted-since = { $count ->
    [one] { $count } incidente notificado desde las { $time }
   *[other] { $count } incidentes notificados desde las { $time }
}
routing-suppressed = { $count ->
    [one] { $count } incidente omitido en las últimas 24 horas
   *[other] { $count } incidentes omitidos en las últimas 24 horas
}
routing-suppressed-since = { $count ->
    [one] { $count } incidente omitido desde las { $time }
   *[other] { $count } incidentes omitidos desde las { $time }
}
routing-everything = <strong>Todo</strong>
routing-everything-else = <strong>Todo lo demás</strong>
routing-if-any = Si un dispositivo informa de algo
routing-if-device = Si <strong>{ $devices }</strong> informa de algo
routing-if-event = Si un dispositivo informa de <strong>{ $events }</strong>
routing-if-both = Si <strong>{ $devices }</strong> informa de <strong>{ $events }</strong>
routing-removed-device = un dispositivo eliminado
routing-other-event = un evento desconocido
routing-or = { $first } o { $last }
routing-between = entre <strong>{ $start }</strong> y <strong>{ $end }</strong>
routing-group = en el grupo <strong>{ $words }</strong>
routing-subject = con el asunto <strong>{ $words }</strong>
routing-text = con el texto <strong>{ $words }</strong>
routing-from = de <strong>{ $words }</strong>
routing-to = para <strong>{ $words }</strong>
routing-has = con <strong>{ $words }</strong>
routing-has-picture = imagen
routing-has-video = vídeo
routing-on-days = los días <strong>{ $words }</strong>
routing-in-mode = en el modo <strong>{ $words }</strong>
routing-nobody = no avisar a <strong>nadie</strong>
routing-all = avisar por <strong>todos los canales</strong>
routing-notify = avisar por <strong>{ $channels }</strong>
routing-note-silent = sin sonido
routing-note-priority = prioridad { $priority }
routing-note-cooldown = como máximo cada { $time }
routing-note-per-hour = como máximo { $count } por hora
routing-note-first-only = sin avisos posteriores
routing-note-continue = después también la regla siguiente
routing-priority-lowest = mínima
routing-priority-low = baja
routing-priority-normal = normal
routing-priority-high = alta
routing-priority-urgent = urgente
routing-rest-nobody = <strong>Todo lo demás</strong>: no avisar a <strong>nadie</strong>
routing-no-routes = <strong>Todo</strong>: avisar por <strong>todos los canales</strong>
routing-no-routes-why = No hay reglas. Al añadir la primera se añade otra al final para todo lo demás.
routing-missing = Ya no existe: { $names }
routing-not-reached = Nunca se alcanza: una regla anterior vale para todo.
routing-fault = Lo que se añadió aquí tiene un error. Nada de ello se usa: ningún canal, regla ni horario.
routing-edit = Editar
routing-up = Subir
routing-down = Bajar
routing-remove = Eliminar
routing-confirm-remove = ¿Eliminar la regla?
routing-edit-title = Editar la regla
routing-devices = Dispositivos
routing-devices-none = Ninguno elegido: todos los dispositivos.
routing-groups = Grupos
routing-groups-none = Ninguno elegido: todos. Un dispositivo debe figurar en ambas listas.
routing-events = Eventos
routing-events-none = Ninguno elegido: todos los eventos.
routing-hours = Horas
routing-hours-how = Por ejemplo 22:00 y 06:00, o sunset y sunrise (puesta y salida del sol). Vacío: a cualquier hora.
routing-start = Desde
routing-end = Hasta
routing-days = Días
routing-days-none = Ninguno elegido: todos los días. Las horas que pasan de medianoche pertenecen al día en que empiezan.
routing-modes = Modos de la casa
routing-modes-none = Ninguno elegido: en todos los modos.
routing-notify-whom = Avisar
routing-whom-all = todos los canales
routing-whom-these = estos canales
routing-whom-nobody = a nadie
routing-silent = Sin sonido
routing-more = Más ajustes
routing-priority = Prioridad
routing-as-channel = como está configurado el canal
routing-cooldown = Pausa tras una alerta
routing-cooldown-how = Durante este tiempo, otros incidentes del dispositivo se guardan sin aviso. Por ejemplo 2 min.
routing-per-hour = Máximo de incidentes de un dispositivo por hora
routing-follow-ups = Enviar también las imágenes posteriores y el vídeo de un incidente
routing-continue = Comprobar también las reglas siguientes
routing-continue-how = Si no, para un incidente que coincide no se comprueba ninguna otra regla.
routing-name = Nombre
routing-name-how = Explica en la cronología por qué se avisó o no de un incidente.
routing-optional = (opcional)
routing-save = Guardar
routing-device-alerts = Alertas de este dispositivo
routing-always = siempre
routing-at-hours = en estas horas
routing-never = nunca
routing-of-file-schedule = El archivo de configuración también tiene un horario para este dispositivo.
routing-saved = Guardado.
routing-modes-title = Modos de la casa
routing-modes-one = Modo de la casa
routing-modes-intro = Hay un modo activo: el último que alguien eligió o que empezó a su hora. Las reglas pueden depender de él.
routing-modes-of-file = El archivo de configuración define los modos. Cámbielos allí.
routing-modes-begin = Empieza a las
routing-modes-begin-how = Por ejemplo 22:30 o sunset (puesta del sol); varias con comas. Vacío: solo cuando alguien lo elige.
routing-modes-add = Añadir un modo
routing-modes-none-yet = No hay modos.
