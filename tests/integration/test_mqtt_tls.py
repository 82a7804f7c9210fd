# SPDX-License-Identifier: GPL-2.0
"""TLS to the broker: who is trusted, who is refused, and what is said of it."""
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import lab
from mqtt_lab import DAEMON, FAILED, MAY_READ_KEYS, MqttTest, cpu_ticks, mqtt_conf

KEY = "000102030405060708090a0b0c0d0e0f"


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", name + ".key", "-out", name + ".crt", "-subj", "/CN=" + name)


def certificate(folder, name, alternative, days="2"):
    with open(os.path.join(folder, "extensions"), "w") as f:
        f.write("subjectAltName=%s\n" % alternative)
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".csr", "-subj", "/CN=" + name)
    openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", days, "-extfile", "extensions", "-out", name + ".crt")


class TlsTest(MqttTest):
    @classmethod
    def setUpClass(cls):
        cls.pki = tempfile.mkdtemp(prefix="amshan-pki-")
        cls.addClassCleanup(shutil.rmtree, cls.pki, ignore_errors=True)
        authority(cls.pki, "ca")
        authority(cls.pki, "other")
        certificate(cls.pki, "broker", "DNS:localhost")
        certificate(cls.pki, "elsewhere", "DNS:elsewhere.example")
        certificate(cls.pki, "address", "IP:127.0.0.1")
        certificate(cls.pki, "client", "DNS:client")

    def file(self, name):
        return os.path.join(self.pki, name)

    def tls_broker(self, name="broker", more=""):
        """A broker with the certificate of that name."""
        port = lab.free_port()
        return self.broker(port=port, listener=False, extra=MAY_READ_KEYS +
                           "listener %d 127.0.0.1\nallow_anonymous true\ncafile %s\ncertfile %s\nkeyfile %s\n%s" %
                           (port, self.file("ca.crt"), self.file(name + ".crt"), self.file(name + ".key"), more))

    def conf(self, broker, ca="ca", more="", host="localhost"):
        return mqtt_conf(broker.port, 'ca-file = "%s"\n  %s' % (self.file(ca + ".crt"), more), host)

    def client(self, certificate_name="client", key="client"):
        return 'cert-file = "%s"\n  key-file = "%s"' % (self.file(certificate_name + ".crt"), self.file(key + ".key"))

    def assert_connects(self, broker, conf):
        daemon = self.daemon(conf)
        daemon.wait_log("mqtt: connected to")
        return daemon

    def assert_refused(self, conf, sentence):
        daemon = self.daemon(conf)
        daemon.wait_log(FAILED + sentence)
        daemon.stop()
        self.assertNotIn("mqtt: connected", daemon.log())


class Certificates(TlsTest):
    def test_right(self):
        broker = self.tls_broker()
        subscriber = self.enterContext(
            lab.Process(["mosquitto_sub", "-h", "localhost", "-p", str(broker.port), "--cafile", self.file("ca.crt"),
                         "-t", DAEMON]))
        daemon = self.assert_connects(broker, self.conf(broker))
        subscriber.wait_log("online")
        self.assertEqual(daemon.stop(), 0)
        subscriber.wait_log("offline")

    def test_reload(self):
        broker = self.tls_broker()
        daemon = self.assert_connects(broker, self.conf(broker))
        self.reload(daemon, self.conf(broker, more='topic = "home"'))
        daemon.wait_log("mqtt: connected to localhost", count=2)

    def test_a_folder_of_authorities(self):
        folder = self.folder.file("authorities")
        os.mkdir(folder)
        shutil.copy(self.file("ca.crt"), folder)
        openssl(folder, "rehash", folder)
        broker = self.tls_broker()
        self.assert_connects(broker, mqtt_conf(broker.port, 'ca-directory = "%s"' % folder))

    def test_certificate_of_an_address(self):
        broker = self.tls_broker("address")
        self.assert_connects(broker, self.conf(broker, host="127.0.0.1"))

    def test_wrong_authority(self):
        broker = self.tls_broker()
        sentence = "TLS: certificate not trusted: self-signed certificate in certificate chain"
        self.assert_refused(self.conf(broker, ca="other"), sentence)
        self.assert_refused(mqtt_conf(broker.port, "tls = yes"), sentence)

    def test_wrong_name(self):
        sentence = "TLS: the broker's certificate is not for %s: name does not match"
        broker = self.tls_broker("elsewhere")
        self.assert_refused(self.conf(broker), sentence % "localhost")
        self.assert_refused(self.conf(broker, host="127.0.0.1"), sentence % "127.0.0.1")
        broker = self.tls_broker("address")
        self.assert_refused(self.conf(broker), sentence % "localhost")

    def test_expired(self):
        certificate(self.pki, "expired", "DNS:localhost", days="-1")
        broker = self.tls_broker("expired")
        self.assert_refused(self.conf(broker), "TLS: the broker's certificate has expired")

    def test_client_certificate(self):
        broker = self.tls_broker(more="require_certificate true\nuse_identity_as_username true\n")
        self.assert_connects(broker, self.conf(broker, more=self.client()))

    def test_no_client_certificate(self):
        broker = self.tls_broker(more="require_certificate true\n")
        daemon = self.daemon(self.conf(broker))
        # The alert that says so may be lost with the connection; then it is a question.
        lab.wait_for(lambda: "TLS: the broker wants a client certificate" in daemon.log() or
                     "after the handshake; does it want a client certificate?" in daemon.log(), why=daemon.log)

    def test_unusable_files(self):
        broker = self.tls_broker()
        text = self.folder.write("text", "no certificate\n", 0o600)
        gone = self.folder.file("gone")
        for more, sentence in (
                ('ca-file = "%s"' % gone, "CA file %s: No such file or directory" % gone),
                ('ca-file = "%s"' % text, "CA file %s: no certificate in it" % text),
                (self.client().replace(self.file("client.crt"), text),
                 "certificate file %s: no certificate in it" % text),
                (self.client(key="broker"), "key file %s: no key of that certificate in it, without a "
                 "passphrase" % self.file("broker.key"))):
            with self.subTest(sentence):
                conf = mqtt_conf(broker.port, "tls = yes\n  " + more)
                self.assert_refused(conf, sentence)

    def test_key_with_a_passphrase(self):
        broker = self.tls_broker()
        openssl(self.pki, "ec", "-in", "client.key", "-aes128", "-passout", "pass:x", "-out", "locked.key")
        self.assert_refused(self.conf(broker, more=self.client(key="locked")),
                            "key file %s: no key of that certificate in it, without a passphrase" %
                            self.file("locked.key"))


class SharedKeys(TlsTest):
    def psk_broker(self):
        port = lab.free_port()
        file = self.folder.write("psk", "meters:%s\n" % KEY)
        return self.broker(port=port, listener=False, extra=MAY_READ_KEYS +
                           "listener %d 127.0.0.1\nallow_anonymous true\npsk_hint hint\npsk_file %s\n" % (port, file))

    def conf(self, broker, identity="meters", key=KEY):
        file = self.folder.write("key", key + "\n", 0o600)
        return mqtt_conf(broker.port, 'psk-identity = "%s"\n  psk-file = "%s"' % (identity, file))

    def test_right(self):
        broker = self.psk_broker()
        daemon = self.assert_connects(broker, self.conf(broker))
        self.assertNotIn(KEY, daemon.log())

    def test_wrong_key(self):
        broker = self.psk_broker()
        self.assert_refused(self.conf(broker, key="ff" * 16),
                            "TLS: the broker has another key for the PSK identity meters")

    def test_unknown_identity(self):
        broker = self.psk_broker()
        self.assert_refused(self.conf(broker, identity="nobody"),
                            "TLS: the broker does not know the PSK identity nobody")

    def test_no_key(self):
        broker = self.psk_broker()
        for key, sentence in (("xyz", "not a key of 1 to 64 octets in hex"), ("", "its first line is empty"),
                              ("123", "not a key of 1 to 64 octets in hex"),
                              ("00" * 65, "not a key of 1 to 64 octets in hex")):
            with self.subTest(key):
                self.assert_refused(self.conf(broker, key=key), "key file %s: %s" % (self.folder.file("key"), sentence))


class WrongPorts(TlsTest):
    def test_tls_to_a_plain_port(self):
        broker = self.broker()
        self.assert_refused(self.conf(broker), "TLS: 127.0.0.1:%d closed the connection during the handshake; "
                            "is its port for TLS?" % broker.port)

    def test_plain_to_a_tls_port(self):
        broker = self.tls_broker()
        self.assert_refused(mqtt_conf(broker.port), "127.0.0.1:%d closed the connection before it answered; "
                            "does it want TLS?" % broker.port)

    def test_nobody_there(self):
        port = lab.free_port()
        self.assert_refused(mqtt_conf(port, 'ca-file = "%s"' % self.file("ca.crt")),
                            "connection refused by 127.0.0.1:%d" % port)

    def test_something_else(self):
        """It answers, but not in TLS."""
        def answer(server):
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = server.accept()
                    with peer:
                        peer.recv(1)
                        peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" + 100 * b" ")
                        peer.recv(4096)

        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=answer, args=(server,))
            thread.start()
            try:
                self.assert_refused(mqtt_conf(server.getsockname()[1], 'ca-file = "%s"' % self.file("ca.crt")),
                                    "TLS: the other side does not speak TLS; is the port right?")
            finally:
                server.shutdown(socket.SHUT_RDWR)
                thread.join(10)


class Handshake(TlsTest):
    def test_name_of_the_host_is_asked_for(self):
        """SNI has the name of the configuration, not the address that it was looked up to."""
        for host, name in (("localhost", "localhost"), ("127.0.0.1", None)):
            with self.subTest(host):
                asked = []
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.file("broker.crt"), self.file("broker.key"))
                context.sni_callback = lambda _, server_name, __, a=asked: a.append(server_name)
                with socket.create_server(("127.0.0.1", 0)) as server:
                    server.settimeout(10)
                    daemon = self.daemon(mqtt_conf(server.getsockname()[1], 'ca-file = "%s"' % self.file("ca.crt"),
                                                   host))
                    peer, _ = server.accept()
                    with peer:
                        peer.settimeout(10)
                        try:
                            context.wrap_socket(peer, server_side=True).close()
                        except OSError:
                            pass    # it does not trust us, which is right for the address
                    daemon.stop()
                self.assertEqual(asked, [name])

    def test_silent_peer_costs_nothing(self):
        """While the handshake waits for the other side nothing is polled in vain."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(10)
            daemon = self.daemon(mqtt_conf(server.getsockname()[1], 'ca-file = "%s"' % self.file("ca.crt")))
            peer, _ = server.accept()
            with peer:
                peer.settimeout(10)
                self.assertEqual(peer.recv(1), b"\x16")
                before = cpu_ticks(daemon)
                time.sleep(2)   # there is nothing to wait for: nothing is to happen
                self.assertLess(cpu_ticks(daemon) - before, 50)


if __name__ == "__main__":
    unittest.main()
