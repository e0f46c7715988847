"""What clients do on the wire that a well-behaved one does not. Arguments: what, the port, and the port of TLS."""
import ftplib
import io
import socket
import ssl
import struct
import sys
import time

what, plain, tls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open("x.jpg", "rb") as file:
    picture = file.read()
# Enough that some of it is on its way when the connection is closed.
picture = picture[:2] + b"\xff\xfe\xff\xf0" + b"." * 0xFFEE + picture[2:]


def context(version=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Implicit(ftplib.FTP_TLS):
    """Encrypted from the first byte."""

    def connect(self, host, port):
        self.host, self.port, self.timeout = host, port, 30
        self.sock = self.context.wrap_socket(socket.create_connection((host, port), 30))
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()


def connect(implicit, version=None):
    ftp = (Implicit if implicit else ftplib.FTP_TLS)(context=context(version))
    ftp.connect("127.0.0.1", tls if implicit else plain)
    if not implicit:
        ftp.auth()
    ftp.login("cam", "x")
    return ftp


def passive(ftp):
    return socket.create_connection(ftp.makepasv(), 30)


def only_write():
    """Nobody reads what the server says on the data connection, as Ruby's Net::FTP and lftp do."""
    count = 0
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        for implicit in [False, True]:
            for says_end in [False, True]:
                for _ in range(3):
                    ftp = connect(implicit, version)
                    ftp.prot_p()
                    data = passive(ftp)
                    assert ftp.sendcmd(f"STOR {count}.jpg").startswith("150")
                    data = context(version).wrap_socket(data)
                    # What the server sends of its own accord has come.
                    time.sleep(0.05)
                    data.sendall(picture)
                    if says_end:
                        try:
                            data.setblocking(False)
                            data.unwrap()
                        except ssl.SSLWantReadError:
                            pass
                    data.close()
                    ftp.voidresp()
                    ftp.quit()
                    count += 1
    print(count)


def early_tls():
    """TLS on the data connection before STOR, as aioftp does; with PROT P and without a word of it."""
    count = 0
    for implicit in [False, True]:
        for protects in [True, False]:
            ftp = connect(implicit)
            if protects:
                ftp.prot_p()
            data = context().wrap_socket(passive(ftp))
            assert ftp.sendcmd(f"STOR {count}.jpg").startswith("150")
            data.sendall(picture)
            data.unwrap()
            data.close()
            ftp.voidresp()
            # A download in the same way, and a port that is given up.
            passive(ftp).close()
            data = context().wrap_socket(passive(ftp))
            assert ftp.sendcmd(f"RETR {count}.jpg").startswith("150")
            back = b"".join(iter(lambda: data.recv(65536), b""))
            assert back == picture, len(back)
            data.close()
            ftp.voidresp()
            ftp.quit()
            count += 1
    print(count)


def declined_tls():
    """PROT C, and TLS on the data connection all the same: before STOR, behind it, and late; and plain as agreed."""
    count = 0
    for implicit in [False, True]:
        ftp = connect(implicit)
        ftp.prot_c()
        for early, pause in [(True, 0), (False, 0), (False, 1.5), (None, 0)]:
            data = passive(ftp)
            if early:
                data = context().wrap_socket(data)
            assert ftp.sendcmd(f"STOR {count}.jpg").startswith("150")
            time.sleep(pause)
            if early is False:
                data = context().wrap_socket(data)
            data.sendall(picture)
            if early is not None:
                data.unwrap()
            data.close()
            ftp.voidresp()
            for encrypted in [True, False]:
                data = passive(ftp)
                assert ftp.sendcmd(f"RETR {count}.jpg").startswith("150")
                if encrypted:
                    data = context().wrap_socket(data)
                back = b"".join(iter(lambda: data.recv(65536), b""))
                assert back == picture, len(back)
                data.close()
                ftp.voidresp()
            count += 1
        ftp.quit()
    print(count)


def aborts(encrypted):
    """ABOR in the middle of an upload, then a whole one. Python sends it as urgent data unless it encrypts."""
    for before in [b"", b"\xff\xf4\xff\xf2", b"\xff\xf4\xff"]:
        if encrypted:
            ftp = connect(False)
            ftp.prot_p()
        else:
            ftp = ftplib.FTP()
            ftp.connect("127.0.0.1", plain, 30)
            ftp.login("cam", "x")
        data = ftp.transfercmd("STOR half.jpg")
        data.sendall(picture[:1000])
        if before:
            # Synch (RFC 854): its last byte is urgent. What follows comes in a segment of its own.
            ftp.sock.sendall(before) if encrypted else ftp.sock.send(before, socket.MSG_OOB)
            if before[-1] != 0xF2:
                ftp.sock.sendall(b"\xf2")
        assert ftp.abort()[:3] == "426", before
        assert ftp.voidresp()[:3] == "226"
        data.close()
        assert ftp.voidcmd("NOOP")[:3] == "200"
        ftp.storbinary("STOR whole.jpg", io.BytesIO(picture))
        # And when there is nothing to abort.
        assert ftp.abort()[:3] == "226"
        ftp.quit()


def refuses_certificate():
    """It trusts nobody whom it does not know, on the data connection; and one that sends plain text there."""
    ftp = connect(False)
    ftp.prot_p()
    data = passive(ftp)
    assert ftp.sendcmd("STOR refused.jpg").startswith("150")
    try:
        ssl.create_default_context().wrap_socket(data, server_hostname="camera")
        raise AssertionError("the certificate is trusted")
    except ssl.SSLCertVerificationError:
        data.close()
    reply = ftp.getmultiline()
    assert reply == "425 The data connection could not be encrypted", reply
    ftp.quit()


def sends_plain():
    ftp = connect(False)
    ftp.prot_p()
    data = passive(ftp)
    assert ftp.sendcmd("STOR plain.jpg").startswith("150")
    data.sendall(picture)
    reply = ftp.getmultiline()
    assert reply == "425 The data connection could not be encrypted", reply
    ftp.quit()


def mail_only_written():
    """Mails that are written at once by who reads no reply, over TLS and plain; the reset comes behind them."""
    for encrypted in [False, True]:
        mail = socket.create_connection(("127.0.0.1", tls if encrypted else plain), 30)
        if encrypted:
            mail = context().wrap_socket(mail)
        mail.sendall(
            b"EHLO cam\r\nMAIL FROM:<cam@x.org>\r\nRCPT TO:<me@x.org>\r\nDATA\r\n"
            b"Subject: %s\r\n\r\nSomething moved.\r\n.\r\nQUIT\r\n" % (b"tls" if encrypted else b"plain")
        )
        # The greeting is there and is not read: closing is a reset (RFC 1122, section 4.2.2.13).
        time.sleep(0.3)
        mail.close()


match what:
    case "abort":
        aborts(False)
    case "abort-tls":
        aborts(True)
    case _:
        globals()[what]()
