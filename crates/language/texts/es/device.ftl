device-title = Dispositivos
device-add = Añadir una cámara
device-search = Buscar
device-none = Ningún dispositivo ha enviado nada todavía.
device-none-matches = Ningún dispositivo coincide.
device-last-seen = visto por última vez: { $time }
device-last-seen-strong = Visto por última vez: <strong>{ $time }</strong>
device-never = nunca
device-incidents-today = { $count ->
    [one] 1 incidente hoy
   *[other] { $count } incidentes hoy
}
device-incidents-by-day = incidentes de los últimos { $count } días: { $list }
device-muted = silenciado
device-inactive = inactivo
device-more = Más
device-discovered = descubierto
device-added-here = añadido aquí
device-configured = configurado
device-channel-of = canal de { $recorder }
device-of-vendor = { $vendor }, { $known }

device-all-incidents = Todos los incidentes
device-sessions = Sesiones
device-setup-guide = Guía de configuración
device-seen-at = { $place } por { $protocol }, { $time }
device-also-known = también conocido como { $name }
device-muted-until = Silenciado hasta { $time }: las recepciones se guardan, no se envían alertas.
device-unmute = Quitar el silencio
device-no-picture = Sin imagen: <span class="said" lang="en">{ $fault }</span> ({ $time }).
device-take-picture = Tomar una imagen ahora
device-settings = Ajustes
device-set-in-file = El archivo de configuración define el nombre y el acceso de este dispositivo. Cámbielos allí.
device-saved = Guardado.
device-name = Nombre
device-rename = Cambiar nombre
device-muted-done = Silenciado.
device-mute-for = Silenciar alertas durante
device-for-hours = { $count ->
    [one] 1 hora
   *[other] { $count } horas
}
device-for-day = 1 día
device-for-week = 1 semana
device-mute = Silenciar
device-inactivity-after = Alerta de inactividad tras
device-save = Guardar
device-merge-ask = Todo lo de este dispositivo pasa al otro. No se puede deshacer. ¿Continuar?
device-merge-into = Fusionar con
device-merge = Fusionar
device-user = Usuario: <code>{ $user }</code>.
device-password-ask = La contraseña anterior dejará de funcionar. ¿Continuar?
device-new-password = Generar contraseña nueva
device-revoke-ask = El dispositivo ya no podrá iniciar sesión. ¿Continuar?
device-revoke = Revocar el acceso

device-pull-connecting = Se le piden sus eventos en { $camera } ({ $kind }): se espera la primera respuesta
device-pull-connected = Se le piden sus eventos en { $camera } ({ $kind }): conectado { $time }
device-pull-failing = Se le piden sus eventos en { $camera } ({ $kind }): sin conexión; el primer fallo fue { $time }
device-pull-stopped = Se le piden sus eventos en { $camera } ({ $kind }): ya no se le piden; se detuvo { $time }
device-pull-elsewhere = Se le piden sus eventos en { $camera } ({ $kind }): lo hace otro nodo
device-pull-sign = { $pull }; última señal de vida { $time }
device-pull-next = El próximo intento es a las { $time }.

device-add-how = Dé un nombre a la cámara. Recibe un usuario y una contraseña propios, por los que Tipoff la reconoce.
device-add-example = Jardín delantero
device-add-button = Añadir
device-add-any = Se puede añadir cualquier dispositivo que envíe correo o suba archivos por FTP.
