// SPDX-License-Identifier: GPL-2.0
/*
 * Ciphered APDUs: the example of the Green Book, what meters send around them, and what must be
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cipher_make.h"
#include "dlms/cipher.h"
#include "util.h"

/* DLMS UA Green Book, example of protected xDLMS APDUs */
static const u8 title[] = { 'M', 'M', 'M', 0x00, 0x00, 0xbc, 0x61, 0x4e };
static const struct cipher_key key = {
	.encryption = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
			0x0d, 0x0e, 0x0f },
	.authentication = { 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb,
			    0xdc, 0xdd, 0xde, 0xdf },
	.has_authentication = true,
};
static const u8 plain[] = { 0xc0, 0x01, 0x00, 0x00, 0x08, 0x00, 0x00, 0x01, 0x00, 0x00, 0xff, 0x02,
			    0x00 };
#define COUNTER		0x01234567u
#define TEXT		0x41, 0x13, 0x12, 0xff, 0x93, 0x5a, 0x47, 0x56, 0x68, 0x27, 0xc4, 0x67, 0xbc
#define TAG		0x7d, 0x82, 0x5c, 0x3b, 0xe4, 0xa7, 0x7c, 0x3f, 0xcc, 0x05, 0x6b, 0x6b
#define AROUND		0xdb, 8, 'M', 'M', 'M', 0x00, 0x00, 0xbc, 0x61, 0x4e

static const u8 authenticated[] = { AROUND, 30, 0x30, 0x01, 0x23, 0x45, 0x67, TEXT, TAG };
static const u8 encrypted[] = { AROUND, 18, 0x20, 0x01, 0x23, 0x45, 0x67, TEXT };

static u8 out[CIPHER_TEXT_MAX];

static int begin(void **state)
{
	*state = cipher_new();
	return !*state;
}

static int end(void **state)
{
	cipher_free(*state);
	return 0;
}

/* open_octets() - parse and open: the first error, or the octets of plain text */
static int open_octets(struct cipher *c, const struct cipher_key *k, const u8 *octets, size_t n,
		       bool untagged)
{
	const u8 *p = octets;
	struct ciphered m;
	size_t len = 12345;
	int r = untagged ? ciphered_parse_untagged(&p, octets + n, &m) :
			   ciphered_parse(&p, octets + n, &m);

	if (r < 0) {
		assert_ptr_equal(p, octets);
		return r;
	}
	assert_true(p > octets && p <= octets + n);
	r = cipher_open(c, k, &m, out, &len);
	if (r < 0) {
		assert_int_equal(len, 12345);
		return r;
	}
	return (int)len;
}

static void test_green_book(void **state)
{
	const u8 *p = authenticated;
	struct ciphered m;

	assert_int_equal(ciphered_parse(&p, authenticated + sizeof(authenticated), &m), 0);
	assert_ptr_equal(p, authenticated + sizeof(authenticated));
	assert_int_equal(m.title_len, 8);
	assert_memory_equal(m.title, title, 8);
	assert_int_equal(m.security, 0x30);
	assert_int_equal(m.counter, COUNTER);
	assert_int_equal(m.n, sizeof(plain));
	assert_ptr_equal(m.tag, authenticated + sizeof(authenticated) - CIPHER_TAG_LEN);

	assert_int_equal(open_octets(*state, &key, authenticated, sizeof(authenticated), false),
			 sizeof(plain));
	assert_memory_equal(out, plain, sizeof(plain));
	memset(out, 0, sizeof(out));
	assert_int_equal(open_octets(*state, &key, encrypted, sizeof(encrypted), false), sizeof(plain));
	assert_memory_equal(out, plain, sizeof(plain));
}

/* What makers send, made by libcrypto. */
static void test_forms(void **state)
{
	static const u8 elgama[CIPHER_KEY_LEN] = "elgama's own key";
	static const u8 luxembourg[] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
					 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const struct {
		const char *what;
		struct made made;
		size_t n;
	} forms[] = {
		{ "Kamstrup DK", { 0xdb, title, 0x30, 1, key.encryption, key.authentication, 1 }, 228 },
		{ "Sagemcom AT", { 0xdb, title, 0x20, 0xffffffff, key.encryption, NULL, 1 }, 243 },
		{ "Kaifa AT", { 0xdb, title, 0x21, 7, key.encryption, NULL, 2 }, 260 },
		{ "Iskra", { 0xdb, title, 0x20, 7, key.encryption, NULL, 0 }, 90 },
		{ "L+G E450", { 0xdc, title, 0x30, 7, key.encryption, key.authentication, 0 }, 100 },
		{ "broadcast key", { 0xdb, title, 0x70, 7, key.encryption, key.authentication, 2 }, 9 },
		{ "longest", { 0xdb, title, 0x30, 7, key.encryption, key.authentication, 2 },
		  CIPHER_TEXT_MAX },
		{ "no text", { 0xdb, title, 0x30, 7, key.encryption, key.authentication, 0 }, 0 },
		{ "Luxembourg", { 0xdb, title, 0x30, 7, key.encryption, luxembourg, 2 }, 700 },
		{ "Elgama PL", { 0, NULL, 0x30, 0, elgama, key.authentication, 2 }, 543 },
	};
	static u8 text[CIPHER_TEXT_MAX], octets[CIPHER_TEXT_MAX + 64];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 7);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct made *f = &forms[i].made;
		struct cipher_key k = { .has_authentication = f->auth && f->auth != luxembourg };
		size_t n = cipher_make(f, text, forms[i].n, octets);
		int got;

		memcpy(k.encryption, f->key, CIPHER_KEY_LEN);
		if (k.has_authentication)
			memcpy(k.authentication, f->auth, CIPHER_KEY_LEN);
		got = open_octets(*state, &k, octets, n, !f->tag);
		if (got != (int)forms[i].n || memcmp(out, text, forms[i].n))
			fail_msg("%s: %d", forms[i].what, got);
	}
}

static void test_malformed(void **state)
{
	static const struct {
		const char *what;
		int r;
		u8 n;
		u8 octets[48];
	} cases[] = {
		{ "nothing", -EBADMSG, 0, { 0 } },
		{ "another APDU", -EBADMSG, 12, { 0x0f, 8 } },
		{ "only the tag", -EBADMSG, 1, { 0xdb } },
		{ "title cut off", -EBADMSG, 9, { 0xdb, 8, 1, 2, 3, 4, 5, 6, 7 } },
		{ "title of 7", -EBADMSG, 20, { 0xdb, 7, 1, 2, 3, 4, 5, 6, 7, 5, 0x20 } },
		{ "title of 9", -EBADMSG, 20, { 0xdb, 9 } },
		{ "no length", -EBADMSG, 10, { AROUND } },
		{ "81 alone", -EBADMSG, 11, { AROUND, 0x81 } },
		{ "82 and half of it", -EBADMSG, 12, { AROUND, 0x82, 0 } },
		{ "80: indefinite", -EBADMSG, 24, { AROUND, 0x80, 0x20 } },
		{ "83: too long for us", -EBADMSG, 24, { AROUND, 0x83, 0, 0, 9, 0x20 } },
		{ "length above what is there", -EBADMSG, 16, { AROUND, 6, 0x20, 0, 0, 0, 1 } },
		{ "length of 4", -EBADMSG, 16, { AROUND, 4, 0x20, 0, 0, 0, 1 } },
		{ "tag of 11", -EBADMSG, 27, { AROUND, 16, 0x30, 0, 0, 0, 1 } },
		{ "only authenticated", -EPROTONOSUPPORT, 28, { AROUND, 17, 0x10, 0, 0, 0, 1 } },
		{ "neither", -EPROTONOSUPPORT, 28, { AROUND, 17, 0x00, 0, 0, 0, 1 } },
		{ "suite 2: AES-256", -EPROTONOSUPPORT, 28, { AROUND, 17, 0x32, 0, 0, 0, 1 } },
		{ "compressed", -EPROTONOSUPPORT, 28, { AROUND, 17, 0xb0, 0, 0, 0, 1 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* Of the heap and as long as it is: the sanitizer sees what is read behind it. */
		u8 *octets = malloc(cases[i].n ?: 1);
		int r;

		memcpy(octets, cases[i].octets, cases[i].n);
		r = open_octets(*state, &key, octets, cases[i].n, false);
		free(octets);
		if (r != cases[i].r)
			fail_msg("%s: %d, not %d", cases[i].what, r, cases[i].r);
	}
}

/* Each beginning of a whole one is refused ... */
static void test_cut_off(void **state)
{
	for (size_t n = 0; n < sizeof(authenticated); n++)
		assert_int_equal(open_octets(*state, &key, authenticated, n, false), -EBADMSG);
}

/* ... and each with one bit changed, but for the one bit that says that there is a tag (counters.h). */
static void test_altered(void **state)
{
	static const u8 zeros[sizeof(plain)];
	u8 octets[sizeof(authenticated)];

	/* From the title on; what stands before it is the parser's matter. */
	for (size_t i = 2; i < sizeof(octets); i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			int r;

			memcpy(octets, authenticated, sizeof(octets));
			octets[i] ^= 1 << bit;
			memset(out, 0xaa, sizeof(plain));
			r = open_octets(*state, &key, octets, sizeof(octets), false);
			if (i == 10)
				assert_true(r == -EBADMSG || r == -EKEYREJECTED);
			else if (i == 11 && bit == 4)
				assert_int_equal(r, sizeof(plain) + CIPHER_TAG_LEN);
			else if (i == 11)
				assert_true(r == -EPROTONOSUPPORT || r == -EKEYREJECTED);
			else
				assert_int_equal(r, -EKEYREJECTED);
			if (i != 10 && r == -EKEYREJECTED)
				assert_memory_equal(out, zeros, sizeof(plain));
		}
	}
}

static void test_keys(void **state)
{
	struct cipher_key k = key;

	/* Another key each time, and back. */
	for (int i = 0; i < 3; i++) {
		k.encryption[3] ^= 1;
		assert_int_equal(open_octets(*state, &k, authenticated, sizeof(authenticated), false),
				 -EKEYREJECTED);
		assert_int_equal(open_octets(*state, &key, authenticated, sizeof(authenticated), false),
				 sizeof(plain));
		assert_memory_equal(out, plain, sizeof(plain));
		k.encryption[3] ^= 1;
		k.authentication[15] ^= 1;
		assert_int_equal(open_octets(*state, &k, authenticated, sizeof(authenticated), false),
				 -EKEYREJECTED);
		k.authentication[15] ^= 1;
	}

	/* Without the authentication key, unless the user says so. */
	k.has_authentication = false;
	assert_int_equal(open_octets(*state, &k, authenticated, sizeof(authenticated), false), -ENOKEY);
	k.unverified = true;
	memset(out, 0, sizeof(plain));
	assert_int_equal(open_octets(*state, &k, authenticated, sizeof(authenticated), false),
			 sizeof(plain));
	assert_memory_equal(out, plain, sizeof(plain));

	/* A wrong key and no tag: noise. */
	k.encryption[0] ^= 1;
	assert_int_equal(open_octets(*state, &k, encrypted, sizeof(encrypted), false), sizeof(plain));
	assert_memory_not_equal(out, plain, sizeof(plain));
	/* What came before does not matter to the next one. */
	assert_int_equal(open_octets(*state, &key, authenticated, sizeof(authenticated), false),
			 sizeof(plain));
}

static void test_verifies(void **state)
{
	struct cipher_key k = key;
	struct ciphered m = { .tag = title };

	assert_true(cipher_verifies(&k, &m));
	k.unverified = true;
	assert_false(cipher_verifies(&k, &m));
	k.unverified = false;
	m.tag = NULL;
	assert_false(cipher_verifies(&k, &m));
}

static void test_too_long(void **state)
{
	static u8 octets[CIPHER_TEXT_MAX + 64];
	struct made f = { 0xdb, title, 0x20, 7, key.encryption, NULL, 2 };
	size_t n = cipher_make(&f, octets + 40, CIPHER_TEXT_MAX + 1, octets);

	assert_int_equal(open_octets(*state, &key, octets, n, false), -EMSGSIZE);
}

static void test_titles(void **state)
{
	static const struct {
		u8 title[8];
		const char *text;
	} cases[] = {
		{ { 'K', 'A', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 }, "KAM4E4C5FA3A1" },
		{ { 'K', 'F', 'M', 0x10, 0x20, 0x00, 0x00, 0x01 }, "KFM1020000001" },
		{ { 'K', 'a', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 }, "4B614D4E4C5FA3A1" },
		{ { 0 }, "0000000000000000" },
	};
	static const char *const wrong[] = {
		"", "KAM", "KAM4E4C5FA3A", "KAM4E4C5FA3A10", "KAM4E4C5FA3AG", "K4M4E4C5FA3A1",
		"4B614D4E4C5FA3A", "4B614D4E4C5FA3A11", "4B614D4E4C5FA3AX", "4B 14D4E4C5FA3A1",
	};
	char text[CIPHER_TITLE_TEXT_MAX];
	u8 back[APDU_TITLE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cipher_title_text(cases[i].title, 8, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(cipher_title_parse(text, strlen(text), back), 0);
		assert_memory_equal(back, cases[i].title, 8);
	}
	cipher_title_text(title, 0, text);
	assert_string_equal(text, "");
	assert_int_equal(cipher_title_parse("kam4e4c5fa3a1", 13, back), 0);
	assert_memory_equal(back, cases[0].title, 8);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(cipher_title_parse(wrong[i], strlen(wrong[i]), back), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_green_book, begin, end),
		cmocka_unit_test_setup_teardown(test_forms, begin, end),
		cmocka_unit_test_setup_teardown(test_malformed, begin, end),
		cmocka_unit_test_setup_teardown(test_cut_off, begin, end),
		cmocka_unit_test_setup_teardown(test_altered, begin, end),
		cmocka_unit_test_setup_teardown(test_keys, begin, end),
		cmocka_unit_test(test_verifies),
		cmocka_unit_test_setup_teardown(test_too_long, begin, end),
		cmocka_unit_test(test_titles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
