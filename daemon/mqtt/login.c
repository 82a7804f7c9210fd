// SPDX-License-Identifier: GPL-2.0
/*
 * Password, certificates and keys of a connection to the broker; libmosquitto and OpenSSL.
 *
 * The TLS context is our own (MOSQ_OPT_SSL_CTX), for one reason above all: libmosquitto takes the
 * name for SNI and for the check of the certificate from the host that it is told to connect to,
 * and looks that name up by itself, blocking.  Here the name is looked up in a thread, the library
 * is told the numeric address, and OpenSSL is given the name.  Then OpenSSL checks the name
 * (libmosquitto would do so with code of its own) and tells why a handshake failed (libmosquitto
 * would only log it).
 */
#include "mqtt/login.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "secret.h"
#include "util.h"

#define PSK_MAX		64	/* octets of a key */

/**
 * struct login - see login.h
 * @config: not owned
 * @ctx: TLS context, NULL without TLS
 * @numeric: the host is an address: no SNI (RFC 6066, 3), the certificate must have the address
 * @secured: handshake done
 * @psk_len: octets of @psk
 * @psk: pre-shared key
 * @password: "" for none
 * @verdict: why TLS failed
 */
struct login {
	const struct mqtt_config *config;
	SSL_CTX *ctx;
	bool numeric;
	bool secured;
	size_t psk_len;
	u8 psk[PSK_MAX];
	char password[SECRET_LINE_MAX];
	char verdict[MQTT_REASON_MAX];
};

__attribute__((format(printf, 2, 3)))
static void login_judge(struct login *l, const char *fmt, ...)
{
	va_list ap;

	/* The first is the cause; what follows are its consequences. */
	if (l->verdict[0])
		return;
	va_start(ap, fmt);
	vsnprintf(l->verdict, sizeof(l->verdict), fmt, ap);
	va_end(ap);
}

/* @buf: SECRET_LINE_MAX octets */
static int secret_read(const char *what, const char *path, char *buf, char *reason)
{
	int r = secret_line(path, buf, SECRET_LINE_MAX);

	if (r == -ENODATA)
		reason_set(reason, "%s %s: its first line is empty", what, path);
	else if (r == -EMSGSIZE)
		reason_set(reason, "%s %s: its first line is too long", what, path);
	else if (r < 0)
		reason_file(what, path, -r, reason);
	return r;
}

static int psk_read(struct login *l, char *reason)
{
	const char *path = l->config->psk_file;
	char hex[SECRET_LINE_MAX];
	size_t n;
	int r = secret_read("key file", path, hex, reason);

	if (r < 0)
		return r;
	n = strlen(hex);
	if (!n || n % 2 || n / 2 > sizeof(l->psk) || strspn(hex, "0123456789abcdefABCDEF") != n) {
		reason_set(reason, "key file %s: not a key of 1 to %zu octets in hex",
			 path, sizeof(l->psk));
		r = -EINVAL;
	}
	for (size_t i = 0; r == 0 && i < n / 2; i++) {
		char octet[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		l->psk[i] = (u8)strtoul(octet, NULL, 16);
	}
	if (r == 0)
		l->psk_len = n / 2;
	explicit_bzero(hex, sizeof(hex));
	return r;
}

/* ---- what OpenSSL asks and tells ---- */

static struct login *login_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static unsigned int on_psk(SSL *ssl, const char *hint, char *identity, unsigned int max_identity,
			   unsigned char *psk, unsigned int max_psk)
{
	struct login *l = login_of(ssl);

	if (strlen(l->config->psk_identity) >= max_identity || l->psk_len > max_psk)
		return 0;
	strcpy(identity, l->config->psk_identity);
	memcpy(psk, l->psk, l->psk_len);
	return (unsigned int)l->psk_len;
}

/* Without it OpenSSL would ask for the passphrase on the terminal. */
static int on_passphrase(char *buf, int size, int writing, void *ctx)
{
	return -1;
}

static int on_verify(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct login *l = login_of(ssl);
	int err = X509_STORE_CTX_get_error(store);

	if (good)
		return good;
	switch (err) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		login_judge(l, "TLS: the broker's certificate is not for %s: name does not match",
			    l->config->host);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		login_judge(l, "TLS: the broker's certificate has expired");
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		login_judge(l, "TLS: the broker's certificate is not valid yet; is the clock "
			    "right?");
		break;
	default:
		login_judge(l, "TLS: certificate not trusted: %s",
			    X509_verify_cert_error_string(err));
	}
	return good;
}

/* Alerts in the words of a user; OpenSSL has words for the others. */
static void login_alert(struct login *l, int value)
{
	int alert = value & 0xff;

	if (alert == TLS13_AD_CERTIFICATE_REQUIRED || alert == SSL3_AD_NO_CERTIFICATE)
		login_judge(l, "TLS: the broker wants a client certificate");
	else if (l->psk_len && alert == TLS1_AD_UNKNOWN_PSK_IDENTITY)
		login_judge(l, "TLS: the broker does not know the PSK identity %s",
			    l->config->psk_identity);
	else if (l->psk_len && (alert == SSL3_AD_BAD_RECORD_MAC || alert == TLS1_AD_DECRYPT_ERROR))
		login_judge(l, "TLS: the broker has another key for the PSK identity %s",
			    l->config->psk_identity);
	else
		login_judge(l, "TLS: the broker refused: %s", SSL_alert_desc_string_long(value));
}

static void on_info(const SSL *ssl, int where, int value)
{
	struct login *l = login_of(ssl);

	if (where & SSL_CB_HANDSHAKE_START) {
		/*
		 * libmosquitto has put the numeric address into SNI; the ClientHello is not made
		 * yet.  It cannot be done earlier: libmosquitto makes the SSL object and begins the
		 * handshake in one call.
		 */
		if (!l->secured)
			SSL_set_tlsext_host_name((SSL *)ssl, l->numeric ? NULL : l->config->host);
	} else if (where & SSL_CB_HANDSHAKE_DONE) {
		l->secured = true;
	} else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT &&
		   value >> 8 == SSL3_AL_FATAL) {
		login_alert(l, value);
	}
}

void login_log(struct login *l, int level, const char *text)
{
	const char *last = strrchr(text, ':');

	if (level != MOSQ_LOG_ERR || strncmp(text, "OpenSSL Error", 13) != 0 || !last || l->secured)
		return;
	if (strstr(text, "wrong version number") || strstr(text, "packet length too long"))
		login_judge(l, "TLS: the other side does not speak TLS; is the port right?");
	else if (!strstr(text, "unexpected eof"))	/* that is said as a closed connection */
		login_judge(l, "TLS: %s", last + 1);
}

/* ---- the context ---- */

static int tls_complain(char *reason, const char *what, const char *path, const char *problem)
{
	FILE *f = fopen(path, "re");

	ERR_clear_error();
	/* Most of what goes wrong is a file that is not there or not for us. */
	if (!f)
		return reason_file(what, path, errno, reason);
	fclose(f);
	reason_set(reason, "%s %s: %s", what, path, problem);
	return -EINVAL;
}

static int tls_trust(struct login *l, char *reason)
{
	const struct mqtt_config *config = l->config;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(l->ctx);
	int good;

	SSL_CTX_set_verify(l->ctx, SSL_VERIFY_PEER, on_verify);
	if (l->numeric) {
		good = X509_VERIFY_PARAM_set1_ip_asc(param, config->host);
	} else {
		X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		good = X509_VERIFY_PARAM_set1_host(param, config->host, 0);
	}
	if (!good) {
		reason_set(reason, "TLS: no name for a certificate: %s", config->host);
		return -EINVAL;
	}

	if (config->ca_file && !SSL_CTX_load_verify_file(l->ctx, config->ca_file))
		return tls_complain(reason, "CA file", config->ca_file, "no certificate in it");
	if (config->ca_dir && !SSL_CTX_load_verify_dir(l->ctx, config->ca_dir))
		return tls_complain(reason, "CA directory", config->ca_dir, "cannot be used");
	if (!config->ca_file && !config->ca_dir)
		SSL_CTX_set_default_verify_paths(l->ctx);

	if (!config->cert_file)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(l->ctx, config->cert_file) != 1)
		return tls_complain(reason, "certificate file", config->cert_file,
				    "no certificate in it");
	SSL_CTX_set_default_passwd_cb(l->ctx, on_passphrase);
	if (SSL_CTX_use_PrivateKey_file(l->ctx, config->key_file, SSL_FILETYPE_PEM) != 1)
		return tls_complain(reason, "key file", config->key_file,
				    "no key of that certificate in it, without a passphrase");
	return 0;
}

static int tls_new(struct login *l, char *reason)
{
	u8 address[sizeof(struct in6_addr)];
	int r;

	l->ctx = SSL_CTX_new(TLS_client_method());
	if (!l->ctx) {
		reason_set(reason, "TLS: no memory for it");
		ERR_clear_error();
		return -ENOMEM;
	}
	SSL_CTX_set_app_data(l->ctx, l);
	SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION);
	/* libmosquitto tries again from the same packet, but not always with as much of it. */
	SSL_CTX_set_mode(l->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
			 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_info_callback(l->ctx, on_info);

	l->numeric = inet_pton(AF_INET, l->config->host, address) == 1 ||
		     inet_pton(AF_INET6, l->config->host, address) == 1;
	if (!l->config->psk_file)
		return tls_trust(l, reason);

	/* With a shared key there are no certificates.  As libmosquitto: TLS 1.2, PSK only. */
	r = psk_read(l, reason);
	if (r < 0)
		return r;
	SSL_CTX_set_max_proto_version(l->ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(l->ctx, "PSK");
	SSL_CTX_set_psk_client_callback(l->ctx, on_psk);
	return 0;
}

int login_new(const struct mqtt_config *config, struct login **ret, char *reason)
{
	struct login *l = calloc(1, sizeof(*l));
	int r = 0;

	if (!l) {
		reason_set(reason, "no memory");
		return -ENOMEM;
	}
	l->config = config;
	if (config->password_file)
		r = secret_read("password file", config->password_file, l->password, reason);
	if (r == 0 && config->tls)
		r = tls_new(l, reason);
	if (r < 0) {
		login_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void login_free(struct login *l)
{
	if (!l)
		return;
	SSL_CTX_free(l->ctx);
	explicit_bzero(l, sizeof(*l));
	free(l);
}

int login_apply(struct login *l, struct mosquitto *mosq)
{
	const char *password = l->password[0] ? l->password : NULL;

	l->secured = false;
	l->verdict[0] = '\0';
	if (l->config->username &&
	    mosquitto_username_pw_set(mosq, l->config->username, password))
		return -ENOMEM;
	if (l->ctx && (mosquitto_int_option(mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) ||
		       mosquitto_void_option(mosq, MOSQ_OPT_SSL_CTX, l->ctx)))
		return -ENOTSUP;
	return 0;
}

const char *login_verdict(const struct login *l)
{
	return l->verdict[0] ? l->verdict : NULL;
}

bool login_tls(const struct login *l)
{
	return l->ctx;
}

bool login_secured(const struct login *l)
{
	return l->secured;
}

bool login_spoke(struct mosquitto *mosq)
{
	const SSL *ssl = mosquitto_ssl_get(mosq);

	return ssl && BIO_number_written(SSL_get_wbio(ssl)) > 0;
}

bool login_wants_write(struct mosquitto *mosq)
{
	const SSL *ssl = mosquitto_ssl_get(mosq);

	if (ssl && SSL_in_init(ssl) && SSL_want(ssl) == SSL_READING)
		return false;
	return mosquitto_want_write(mosq);
}
