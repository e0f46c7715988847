review-night-or-day = Noche o día
review-night-of = Noche: { $date }
review-day-of = Día: { $date }
review-earlier = Antes
review-later = Después
review-month-before = Mes anterior
review-month-after = Mes siguiente
review-day-with-incidents = { $day }, con incidentes
review-events = Sucesos
review-by-device-and-hour = Incidentes por dispositivo y hora
review-device = Dispositivo
review-more-devices = { $count ->
    [one] 1 dispositivo más tiene incidentes.
   *[other] { $count } dispositivos más tienen incidentes.
}
review-newest-counted = { $count ->
    [one] Solo se cuenta el incidente más reciente.
   *[other] Solo se cuentan los { $count } incidentes más recientes.
}
review-what-is-shown = Qué se muestra
review-show-all-again = mostrar todo de nuevo
review-from-hour = desde las { $time }
review-one-hour = una hora
review-device-number = dispositivo { $number }
review-unseen = Sin ver
review-all = Todos
review-starred = Con estrella
review-most-important-first = Más importantes primero
review-newest-first = Más recientes primero
review-mark-all-seen = Marcar todos como vistos
review-select = Seleccionar
review-selected = Incidentes seleccionados
review-select-all = Seleccionar todos los mostrados
review-select-incident = Seleccionar { $title }, { $device }, { $time }
review-star = Estrella
review-mark-seen = Marcar como vistos
review-download-zip = Descargar como zip
review-delete = Eliminar
review-nothing-happened = No ha pasado nada. Los incidentes nuevos aparecen aquí automáticamente.
review-everything-seen = Todo lo de aquí está visto.
review-nothing-matches = Nada coincide.
review-more = Más
review-open = Abrir
review-close = Cerrar
review-back = Atrás
review-previous = Anterior
review-next = Siguiente

script-review-is-video = Un vídeo: abra el incidente para reproducirlo.
script-review-no-picture = No hay imagen.
script-review-place = { $number } de { $total }
script-review-place-more = { $number } de { $total } o más
script-review-selected = Seleccionados: { $count }
script-review-starred = Con estrella.
script-review-seen = Marcados como vistos.
script-review-locked = Bloqueados.
script-review-confirm-delete = ¿Eliminar los incidentes seleccionados ({ $count }) con todas sus imágenes y vídeos? Esto no se puede deshacer.
script-review-deleted = Eliminados: { $count }.
script-review-kept-locked = Conservados por estar bloqueados: { $count }.
script-review-kept-summary = Conservados porque aún debe enviarse un resumen de otras alertas: { $count }.
