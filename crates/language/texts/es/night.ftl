# La noche de un vistazo.
night-last = { $count ->
    [one] Anoche: 1 incidente que no ha visto
   *[other] Anoche: { $count } incidentes que no ha visto
}
night-last-persons = { $count ->
    [one] Anoche: 1 incidente con una persona que no ha visto
   *[other] Anoche: { $count } incidentes que no ha visto, de ellos con una persona: { $persons }
}
night-this = { $count ->
    [one] Esta noche: 1 incidente que no ha visto
   *[other] Esta noche: { $count } incidentes que no ha visto
}
night-this-persons = { $count ->
    [one] Esta noche: 1 incidente con una persona que no ha visto
   *[other] Esta noche: { $count } incidentes que no ha visto, de ellos con una persona: { $persons }
}
night-show = Marcas
night-show-all = todos
night-unseen = no vistos por usted
night-starred = con su estrella
night-locked = bloqueados
night-incident-removed = Este incidente se ha eliminado.
night-delete-device = Eliminar este dispositivo
night-delete-what = Se eliminan sus ajustes y su inicio de sesión. Si vuelve a enviar algo, se detecta y se muestra de nuevo.
night-its-incidents = { $count ->
    [one] Tiene 1 incidente
   *[other] Tiene { $count } incidentes
}
night-keep-incidents = Conservar sus incidentes hasta que venza su plazo
night-delete-incidents = Eliminar también sus incidentes, con todas las imágenes y vídeos
night-locked-stay = { $count ->
    [one] 1 incidente bloqueado se conserva.
   *[other] { $count } incidentes bloqueados se conservan.
}
night-type-name = Escriba el nombre del dispositivo para confirmar
night-device-removed = Este dispositivo se ha eliminado y sus incidentes se conservan. Se mostrará de nuevo cuando envíe algo.
night-device-in-file = Este dispositivo está en el archivo de configuración. Para eliminarlo, quite allí su sección <code>[[device]]</code>, vuelva a cargar la configuración y regrese a esta página.
night-recorder = { $count ->
    [one] Este grabador tiene 1 canal. Elimínelo primero.
   *[other] Este grabador tiene { $count } canales. Elimínelos primero.
}
