# The first password, the guide of a device, its first test, and the page on which Tipoff sets a camera up.
setup-password = Set the password
setup-password-why = Whoever knows this password sees what your cameras send.
setup-password-field = Password, at least 8 characters
setup-save = Save

# The guide of a device that was added.
setup-of = Set up { $name }
setup-open-device = Open device
setup-by-tipoff = Let Tipoff set the camera up
setup-by-tipoff-which = Dahua, Hikvision, Reolink, and what they make for others
setup-vendor = Vendor
setup-vendor-other = other
setup-by = Alerts by
setup-by-mail = mail (pictures)
setup-by-ftp = FTP (pictures and videos)
setup-by-alarm = alarm server or webhook (HTTP)
setup-show = Show
setup-settings = Settings of the camera
setup-menu = Page: <strong class="said" lang="en">{ $menu }</strong>
setup-field = Field
setup-value = Value
setup-copied = copied
setup-copy-field = Copy { $field }
setup-copy = copy
setup-not-listening = (not listening)
setup-no-address = (this machine is on no network yet; reload this page)
setup-password-hidden = (shown only until the first arrival; the device's page generates a new one)
setup-only-port = This camera supports port { $port } only: set it as `listen` in the configuration file.
setup-test = Test
setup-works = <strong>It works.</strong> The first arrival was received { $time }: <a href="incidents/{ $incident }">open incident</a>.
setup-lacks-channel = Alerts are only shown here so far: <a href="channels/add">add a channel</a>.
setup-waiting = <strong>Waiting for the camera's test…</strong> Press “Test” on the camera's page. This panel turns green when the test arrives.
setup-sessions = Recent sessions of this camera and of unknown devices:
setup-check = Nothing comes from the camera?
setup-check-save = Save the settings on the camera's page before you press “Test”. Some cameras test what was saved last.
setup-check-address = The camera must use the address <code>{ $host }</code>, not a name.
setup-check-other = <strong id="other-address">You opened this page at another address, { $opened }.</strong> If nothing comes, enter { $opened } in the camera: where Tipoff is in a container, the address that it knows itself is not the one that cameras reach.
setup-check-network = The camera and this machine must be in the same network. Guest networks and “client isolation” keep devices apart.
setup-check-firewall = The firewall of this machine must let the ports { $ports } through, for FTP also the <code>passive_ports</code>. <code>tipoff doctor</code> shows what it finds on this machine.
setup-check-phone = Open <a href="{ $url }" class="long">{ $url }</a> on a phone in the camera's network. It must say “{ $words }”. If it does not, no camera there reaches Tipoff.
setup-qr-code = QR code of { $url }
setup-port-mail = { $port } (mail)
setup-port-uploads = { $port } (uploads)
setup-ports-both = { $mail } and { $uploads }

# The page on which Tipoff sets a camera up.
setup-camera-of = Set up the camera of { $name }
setup-by-hand = Set it up by hand
setup-camera-how = Tipoff writes its address into the camera. It shows what it would change first. Cameras of Dahua, Hikvision and Reolink, and those that they make for others.
setup-search = Look for cameras in the network
setup-camera-address = Address of the camera
setup-camera-user = User of the camera
setup-camera-password = Password of the camera
setup-camera-rights = The user must be one who may change settings. The password is tried once.
setup-keep-login = Keep this login, to fetch a picture for each alarm
setup-show-changes = Show what would change
setup-changes = What would change
setup-view = What the camera sees now
setup-nothing-to-change = Everything is set already.
setup-setting = Setting
setup-now = Now
setup-new = New
setup-write = Write to the camera
setup-camera-waiting = <strong>Waiting for the camera…</strong> This panel turns green when its test or its first alarm arrives.
setup-login-kept = The login of the camera is kept, and pictures are fetched with it. It is never shown.
setup-forget-login = Forget the login

# What the first test of a device shows. Each says what to change.
setup-nothing-came = Nothing has connected for a minute. Go through the list below.
setup-other-login = The arrival was assigned to { $name } because it logged in as { $login }. Enter the user { $user } and its password on the camera's page.
setup-other-no-login = The arrival was assigned to { $name } because it did not log in. Enter the user { $user } and its password on the camera's page.
setup-no-command-mail = A device connected to the port for mail and left without a word. If it was the camera, choose another kind of encryption on its page: “none”, or the one that it calls SSL or TLS.
setup-no-command-uploads = A device connected to the port for uploads and left without a word. If it was the camera, choose another kind of encryption on its page: “none”, or the one that it calls SSL or TLS.
setup-no-command-alarms = A device connected to the port for alarms and left without a word. If it was the camera, choose another kind of encryption on its page: “none”, or the one that it calls SSL or TLS.
setup-no-mail = The camera greeted and left without sending a mail. Fill in sender and receiver on its page, and save. With some cameras this button only tries the connection: then trigger a real alarm, for example by walking past the camera.
setup-hung-up = The camera hung up after the greeting, before it sent a mail. Switch encryption and authentication off on its page, or on where they are off. If that does not help, set a listener with fewer features (`ehlo = false` or `auth = false` in `listen` of `[smtp]`).
setup-no-upload = The camera connected by FTP and left without uploading a file. With some cameras this button only tries the login: then trigger a real alarm, for example by walking past the camera, and see that the upload of pictures is switched on.
setup-no-picture = The mail has no picture. Switch on in the camera that a picture is attached (“attach picture”, “snapshot”, “image attachment”).
setup-empty-file = The camera uploaded an empty file, which is stored and never alerted. With some cameras that is all that the button does: trigger a real alarm. If its files stay empty, switch between passive and active FTP in the camera, and let the `passive_ports` of `[ftp]` through the firewall.
setup-torn = The connection broke before everything had come; what came is stored. Look at the network of the camera, most of all at its wireless link, and press “Test” again.
setup-not-proven = What came was assigned to this device, but without its password. Enter the user { $user } and its password on the camera's page.
