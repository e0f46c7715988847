problem-channel-unreadable = no se puede leer lo añadido antes; vea docs/channels.md
problem-channel-name-in-file = el archivo de configuración tiene un canal con este nombre
problem-channel-name-taken = otro canal tiene este nombre
problem-channel-changed = los canales han cambiado entretanto: recargue la página
problem-channel-name-form = de 1 a 60 caracteres, sin caracteres invisibles ni que cambien la dirección del texto
problem-channel-moved = `{ $key }` ha cambiado: escriba esto de nuevo
problem-channel-nothing = no contiene ningún [[channel]], [[route]], [[schedule]] ni [[mode]]
problem-channel-no-answer = sin respuesta en un minuto
