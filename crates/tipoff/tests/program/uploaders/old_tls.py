"""An old device: mails and uploads with an old version of TLS.

Arguments: what to do, the port, the version, the ciphers. Prints the version and the cipher that were chosen.
"""
import ftplib
import io
import smtplib
import ssl
import sys

what, port, version, ciphers = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
context.set_ciphers(ciphers + ":@SECLEVEL=0")
TIME = 30


class Ftp(ftplib.FTP_TLS):
    """Takes up the session of the control connection on data connections, as many servers demand."""

    reused = []

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            connection = self.context.wrap_socket(connection, session=self.sock.session)
            self.reused.append(connection.session_reused)
        return connection, size


class Abrupt(ssl.SSLSocket):
    """Closes without the end of TLS."""

    def unwrap(self):
        return None


def mail():
    with open("mail.eml", "rb") as file:
        return file.read()


def picture():
    with open("x.jpg", "rb") as file:
        return file.read()


if what in ("smtp", "smtps"):
    if what == "smtps":
        client = smtplib.SMTP_SSL("127.0.0.1", port, timeout=TIME, context=context)
    else:
        client = smtplib.SMTP("127.0.0.1", port, timeout=TIME)
        client.starttls(context=context)
    print(client.sock.version(), client.sock.cipher()[0])
    client.sendmail("camera@example.com", ["me@example.com"], mail())
    client.quit()
elif what == "ftp":
    client = Ftp(context=context, timeout=TIME)
    client.connect("127.0.0.1", port)
    client.login("yard", "x")
    client.prot_p()
    print(client.sock.version(), client.sock.cipher()[0])
    client.storbinary("STOR x.jpg", io.BytesIO(picture()))
    back = io.BytesIO()
    client.retrbinary("RETR x.jpg", back.write)
    assert back.getvalue() == picture()
    assert client.reused == [True, True], client.reused
    client.quit()
elif what == "abrupt":
    context.sslsocket_class = Abrupt
    client = ftplib.FTP_TLS(context=context, timeout=TIME)
    client.connect("127.0.0.1", port)
    client.login("yard", "x")
    client.prot_p()
    client.storbinary("STOR x.jpg", io.BytesIO(picture()))
    try:
        client.storbinary("STOR part.jpg", io.BytesIO(picture()[:-100]))
    except ftplib.error_temp as error:
        print(error)
    client.sock.close()
