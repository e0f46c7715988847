setup-password = Establecer la contraseña
setup-password-why = Quien conozca esta contraseña ve lo que envían sus cámaras.
setup-password-field = Contraseña, al menos 8 caracteres
setup-save = Guardar

setup-of = Configurar { $name }
setup-open-device = Abrir dispositivo
setup-by-tipoff = Dejar que Tipoff configure la cámara
setup-by-tipoff-which = Dahua, Hikvision, Reolink y lo que fabrican para otras marcas
setup-vendor = Fabricante
setup-vendor-other = otro
setup-by = Alertas por
setup-by-mail = correo (imágenes)
setup-by-ftp = FTP (imágenes y vídeos)
setup-by-alarm = servidor de alarmas o webhook (HTTP)
setup-show = Mostrar
setup-settings = Ajustes de la cámara
setup-menu = Página: <strong class="said" lang="en">{ $menu }</strong>
setup-field = Campo
setup-value = Valor
setup-copied = copiado
setup-copy-field = Copiar { $field }
setup-copy = copiar
setup-not-listening = (sin escuchar)
setup-no-address = (esta máquina aún no está en ninguna red; recargue esta página)
setup-password-hidden = (solo se muestra hasta la primera recepción; la página del dispositivo genera otra)
setup-only-port = Esta cámara solo admite el puerto { $port }: póngalo como `listen` en el archivo de configuración.
setup-test = Prueba
setup-works = <strong>Funciona.</strong> Primera recepción { $time }: <a href="incidents/{ $incident }">abrir incidente</a>.
setup-lacks-channel = Por ahora las alertas solo se muestran aquí: <a href="channels/add">añada un canal</a>.
setup-waiting = <strong>Esperando la prueba de la cámara…</strong> Pulse «Test» en la página de la cámara. Este panel se pone verde cuando llega la prueba.
setup-sessions = Sesiones recientes de esta cámara y de dispositivos desconocidos:
setup-check = ¿No llega nada de la cámara?
setup-check-save = Guarde los ajustes en la página de la cámara antes de pulsar «Test». Algunas cámaras prueban lo último que se guardó.
setup-check-address = La cámara debe usar la dirección <code>{ $host }</code>, no un nombre.
setup-check-other = <strong id="other-address">Ha abierto esta página en otra dirección, { $opened }.</strong> Si no llega nada, introduzca { $opened } en la cámara: si Tipoff está en un contenedor, la dirección que él conoce no es la que alcanzan las cámaras.
setup-check-network = La cámara y esta máquina deben estar en la misma red. Las redes de invitados y el «aislamiento de clientes» separan los dispositivos.
setup-check-firewall = El cortafuegos de esta máquina debe dejar pasar los puertos { $ports }; para FTP también los <code>passive_ports</code>. <code>tipoff doctor</code> muestra lo que encuentra en esta máquina.
setup-check-phone = Abra <a href="{ $url }" class="long">{ $url }</a> en un teléfono de la red de la cámara. Debe decir «{ $words }». Si no, ninguna cámara de esa red llega a Tipoff.
setup-qr-code = Código QR de { $url }
setup-port-mail = { $port } (correo)
setup-port-uploads = { $port } (subidas)
setup-ports-both = { $mail } y { $uploads }

setup-camera-of = Configurar la cámara de { $name }
setup-by-hand = Configurar a mano
setup-camera-how = Tipoff escribe su dirección en la cámara. Antes muestra lo que cambiaría. Para cámaras de Dahua, Hikvision y Reolink, y las que fabrican para otras marcas.
setup-search = Buscar cámaras en la red
setup-camera-address = Dirección de la cámara
setup-camera-user = Usuario de la cámara
setup-camera-password = Contraseña de la cámara
setup-camera-rights = El usuario debe poder cambiar los ajustes. La contraseña se prueba una sola vez.
setup-keep-login = Guardar este acceso, para obtener una imagen con cada alarma
setup-show-changes = Mostrar los cambios
setup-changes = Qué cambiaría
setup-view = Lo que ve la cámara ahora
setup-nothing-to-change = Todo está ya configurado.
setup-setting = Ajuste
setup-now = Ahora
setup-new = Nuevo
setup-write = Escribir en la cámara
setup-camera-waiting = <strong>Esperando a la cámara…</strong> Este panel se pone verde cuando llega su prueba o su primera alarma.
setup-login-kept = El acceso de la cámara está guardado, y con él se obtienen imágenes. Nunca se muestra.
setup-forget-login = Olvidar el acceso

setup-nothing-came = Nada se ha conectado desde hace un minuto. Repase la lista de abajo.
setup-other-login = La recepción se asignó a { $name } porque inició sesión como { $login }. Introduzca el usuario { $user } y su contraseña en la página de la cámara.
setup-other-no-login = La recepción se asignó a { $name } porque no inició sesión. Introduzca el usuario { $user } y su contraseña en la página de la cámara.
setup-no-command-mail = Un dispositivo se conectó al puerto de correo y se fue sin enviar nada. Si era la cámara, elija en su página otro tipo de cifrado: «ninguno», o el que llama SSL o TLS.
setup-no-command-uploads = Un dispositivo se conectó al puerto de subidas y se fue sin enviar nada. Si era la cámara, elija en su página otro tipo de cifrado: «ninguno», o el que llama SSL o TLS.
setup-no-command-alarms = Un dispositivo se conectó al puerto de alarmas y se fue sin enviar nada. Si era la cámara, elija en su página otro tipo de cifrado: «ninguno», o el que llama SSL o TLS.
setup-no-mail = La cámara saludó y se fue sin enviar un correo. Rellene remitente y destinatario en su página, y guarde. En algunas cámaras este botón solo prueba la conexión: provoque entonces una alarma real, por ejemplo pasando delante de la cámara.
setup-hung-up = La cámara colgó tras el saludo, antes de enviar un correo. Desactive el cifrado y la autenticación en su página, o actívelos si están desactivados. Si no ayuda, configure una escucha con menos funciones (`ehlo = false` o `auth = false` en `listen` de `[smtp]`).
setup-no-upload = La cámara se conectó por FTP y se fue sin subir un archivo. En algunas cámaras este botón solo prueba el acceso: provoque entonces una alarma real, por ejemplo pasando delante de la cámara, y compruebe que la subida de imágenes está activada.
setup-no-picture = El correo no tiene imagen. Active en la cámara que se adjunte una imagen («attach picture», «snapshot», «image attachment»).
setup-empty-file = La cámara subió un archivo vacío, que se guarda y nunca genera una alerta. En algunas cámaras el botón no hace más: provoque una alarma real. Si sus archivos siguen vacíos, cambie en la cámara entre FTP pasivo y activo, y deje pasar los `passive_ports` de `[ftp]` por el cortafuegos.
setup-torn = La conexión se cortó antes de que llegara todo; lo que llegó está guardado. Revise la red de la cámara, sobre todo su enlace inalámbrico, y pulse «Test» otra vez.
setup-not-proven = Lo que llegó se asignó a este dispositivo, pero sin su contraseña. Introduzca el usuario { $user } y su contraseña en la página de la cámara.
