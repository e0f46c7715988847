"""Python's ftplib in every mode that it has, against the server at the port of the first argument."""
import ftplib
import io
import ssl
import sys
import warnings

warnings.simplefilter("ignore")
port = int(sys.argv[1])


def content(number):
    with open(f"{number}.jpg", "rb") as file:
        return file.read()


def use(ftp, number):
    name, bytes = f"{number}.jpg", content(number)
    if number == 0:
        assert ftp.mkd("/py") == "/py"
    ftp.cwd("/py")
    assert ftp.pwd() == "/py"
    ftp.storbinary(f"STOR {name}", io.BytesIO(bytes))
    assert ftp.size(name) == len(bytes)
    assert ftp.sendcmd(f"MDTM {name}").startswith("213 20")
    assert name in ftp.nlst()
    assert dict(ftp.mlsd(facts=["type", "size"]))[name]["size"] == str(len(bytes))
    back = io.BytesIO()
    ftp.retrbinary(f"RETR {name}", back.write)
    assert back.getvalue() == bytes
    back = io.BytesIO()
    ftp.retrbinary(f"RETR {name}", back.write, rest=10)
    assert back.getvalue() == bytes[10:]
    ftp.voidcmd("NOOP")
    ftp.quit()


for number, passive in enumerate([True, False]):
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port, timeout=60)
    ftp.login("cam", "x")
    ftp.set_pasv(passive)
    use(ftp, number)

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
for number, (private, passive) in enumerate([(True, True), (True, False), (False, True)], 2):
    ftp = ftplib.FTP_TLS(context=context)
    ftp.connect("127.0.0.1", port, timeout=60)
    ftp.login("cam", "x")
    if private:
        ftp.prot_p()
    else:
        ftp.prot_c()
    ftp.set_pasv(passive)
    use(ftp, number)

# In two parts, the second from where the first ended.
whole = content(5)
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", port, timeout=60)
ftp.login("cam", "x")
ftp.storbinary("STOR /py/5.tmp", io.BytesIO(whole[:50]))
ftp.storbinary("STOR /py/5.tmp", io.BytesIO(whole[50:]), rest=50)
ftp.rename("/py/5.tmp", "/py/5.jpg")
ftp.quit()
