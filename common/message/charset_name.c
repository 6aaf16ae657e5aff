/*
 * charset_name.c: names and aliases of charsets.
 *
 * Case and punctuation don't matter, nor does a prefix "x-" or "cs"; the
 * aliases are IANA's and those seen in mail.  As in every browser (the WHATWG's
 * Encoding Standard), ISO-8859-1 means windows-1252, GB2312 means GB18030
 * and KS_C_5601-1987 code page 949: each is a superset, and what is sent.
 */
#include "charset_name.h"

/* The name, then others for it, normalised: lower case letters and digits. */
static const char *const names[] = {
	"UTF-8 utf8 unicode11utf8 unicode20utf8 utf8mb4 cp65001",
	"US-ASCII usascii ascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 us cp367 646",
	"UTF-7 utf7 unicode11utf7 unicode20utf7 cp65000",
	"UTF-16 utf16 unicode iso10646ucs2 ucs2",
	"UTF-16LE utf16le",
	"UTF-16BE utf16be",
	"WINDOWS-1252 iso88591 latin1 l1 cp819 isoir100 iso885911987 isolatin1 cp1252 ansi",
	"ISO-8859-2 latin2 l2 isolatin2 isoir101 iso885921987",
	"ISO-8859-3 latin3 l3 isolatin3 isoir109 iso885931988",
	"ISO-8859-4 latin4 l4 isolatin4 isoir110 iso885941988",
	"ISO-8859-5 cyrillic isolatincyrillic isoir144 iso885951988",
	"ISO-8859-6 arabic isolatinarabic isoir127 iso885961987 iso88596i iso88596e asmo708",
	"ISO-8859-7 greek greek8 isolatingreek isoir126 iso885971987 ecma118",
	"ISO-8859-8 hebrew isolatinhebrew isoir138 iso885981988 iso88598i iso88598e logical visual",
	"ISO-8859-9 latin5 l5 isolatin5 isoir148 iso885991989",
	"ISO-8859-10 latin6 l6 isolatin6 isoir157 iso8859101992",
	"ISO-8859-13 latin7 l7",
	"ISO-8859-14 latin8 l8 isoceltic isoir199 iso8859141998",
	"ISO-8859-15 latin9 l9",
	"ISO-8859-16 latin10 l10 isoir226 iso8859162001",
	"CP874 tis620 iso885911 thai",
	"KOI8-R koi8r koi8 koi cp878",
	"KOI8-U koi8u koi8ru cp21866",
	"CP866 866 cp20866 dosru",
	"MACINTOSH macintosh mac macroman cp10000",
	"MAC-CYRILLIC maccyrillic macukrainian cp10007",
	"SHIFT_JIS shiftjis sjis mskanji cp932 windows31j mscp932",
	"EUC-JP eucjp eucjpms cp51932 cp20932 ujis eucpkdfmtjapanese "
	"extendedunixcodepackedformatforjapanese",
	"ISO-2022 iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms iso2022kr "
	"iso2022cn iso2022cnext cp50220 cp50221 cp50222 cp50225 cp50227",
	"HZ hz hzgb2312 cp52936",
	"EUC-KR euckr ksc5601 ksc56011987 ksc56011989 ksc5601 ksx1001 korean cp949 uhc cp51949 "
	"isoir149",
	"GB18030 gb18030 gb2312 gb23121980 gb231280 gbk cp936 euccn gb chinese isoir58 cp54936 cngb "
	"cp51936",
	"BIG5 big5 big5hkscs cp950 cnbig5 big5eten",
};

/* True if the entry has word; the name itself goes to *name. */
static bool listed(const char *entry, struct bytes word, struct bytes *name)
{
	struct bytes rest = bytes_of(entry), one;

	bytes_split(&rest, ' ', name);
	while (bytes_split(&rest, ' ', &one))
		if (bytes_eq(one, word))
			return true;
	return false;
}

static bool alias(struct bytes word, struct buf *out)
{
	struct bytes name;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (listed(names[i], word, &name)) {
			buf_bytes(out, name);
			return true;
		}
	}
	return false;
}

/* "windows1250", "ibm850": appends them as iconv writes them, "CP1250", or
 * under the name they have with us. */
static bool numbered(struct bytes word, struct buf *out)
{
	static const char *const prefixes[] = { "windows", "win", "cp", "ibm", "ms", "dos" };

	if (bytes_starts(word, BYTES("iso8859")) && word.n > 7) {
		buf_str(out, "ISO-8859-");
		buf_bytes(out, bytes_from(word, 7));
		return true;
	}
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		struct bytes number = bytes_from(word, strlen(prefixes[i]));
		if (!bytes_starts(word, bytes_of(prefixes[i])) || number.n < 3 || number.n > 5)
			continue;
		char cp[8] = "cp";
		memcpy(cp + 2, number.p, number.n);
		if (!alias((struct bytes){ cp, number.n + 2 }, out)) {
			buf_str(out, "CP");
			buf_bytes(out, number);
		}
		return true;
	}
	return false;
}

/* Lower case letters and digits of name; 0 when there are none, or too many. */
static size_t normalise(struct bytes name, char out[CHARSET_NAME_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (!ascii_isalnum(name.p[i]))
			continue;
		if (n == CHARSET_NAME_MAX)
			return 0;
		out[n++] = ascii_lower(name.p[i]);
	}
	return n;
}

bool charset_name(struct buf *out, struct bytes name)
{
	static const char *const prefixes[] = { "", "x", "cs" };
	char normal[CHARSET_NAME_MAX];
	struct bytes word = { normal, normalise(name, normal) };

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		struct bytes rest = bytes_from(word, strlen(prefixes[i]));
		if (bytes_starts(word, bytes_of(prefixes[i])) &&
		    (alias(rest, out) || numbered(rest, out)))
			return true;
	}
	return false;
}
