/* See glyph.h. */
#include "figure/glyph.h"

#include <stdbool.h>
#include <stdlib.h>

uint32_t glyph_decode(const char *s, size_t n, size_t *used)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;
    size_t len = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    *used = 1;
    if (len == 0 || len > n)
        return (uint32_t)GLYPH_BAD;
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return (uint32_t)GLYPH_BAD;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return (uint32_t)GLYPH_BAD;
    *used = len;
    return c;
}

struct meaning {
    uint32_t first, last; /* of a range with one meaning */
    const char *ascii;
};

/* In the order of the code points. */
static const struct meaning meanings[] = {
    {0x00a0, 0x00a0, " "},  /* no-break space */
    {0x00ab, 0x00ab, "\""}, /* guillemets */
    {0x00ad, 0x00ad, ""},   /* soft hyphen */
    {0x00b1, 0x00b1, "+-"}, /* plus-minus */
    {0x00b5, 0x00b5, "u"},  /* micro */
    {0x00bb, 0x00bb, "\""},  {0x03bc, 0x03bc, "u"},
    {0x2000, 0x200a, " "}, /* spaces of all widths */
    {0x200b, 0x200f, ""},  /* of none */
    {0x2010, 0x2015, "-"}, /* hyphens and dashes */
    {0x2018, 0x201b, "'"},   {0x201c, 0x201f, "\""},
    {0x2024, 0x2024, "."},   {0x2025, 0x2025, ".."},
    {0x2026, 0x2026, "..."}, {0x202f, 0x202f, " "},
    {0x2032, 0x2032, "'"},   {0x2033, 0x2033, "\""},
    {0x2039, 0x2039, "<"},   {0x203a, 0x203a, ">"},
    {0x2043, 0x2043, "-"},   {0x205f, 0x205f, " "},
    {0x2060, 0x2060, ""},    {0x2190, 0x2190, "<-"},
    {0x2192, 0x2192, "->"},  {0x21d0, 0x21d0, "<="},
    {0x21d2, 0x21d2, "=>"},  {0x21e0, 0x21e0, "<-"},
    {0x21e2, 0x21e2, "->"},  {0x2212, 0x2212, "-"}, /* minus */
    {0x2264, 0x2264, "<="},                         /* the beginning of <== */
    {0x22ef, 0x22ef, "..."}, {0x2329, 0x2329, "<"},
    {0x232a, 0x232a, ">"},   {0x2500, 0x2501, "-"},
    {0x2550, 0x2550, "="},   {0x2794, 0x2794, "->"},
    {0x279c, 0x279e, "->"},  {0x27e8, 0x27e8, "<"},
    {0x27e9, 0x27e9, ">"},   {0x27f5, 0x27f5, "<-"},
    {0x27f6, 0x27f6, "->"},  {0x27f8, 0x27f8, "<="},
    {0x27f9, 0x27f9, "=>"},  {0x3000, 0x3000, " "},
    {0x3001, 0x3001, ","},   {0x3002, 0x3002, "."},
    {0x3008, 0x3008, "<"},   {0x3009, 0x3009, ">"},
    {0x300a, 0x300a, "<"},   {0x300b, 0x300b, ">"},
    {0x3010, 0x3010, "["},   {0x3011, 0x3011, "]"},
    {0xfeff, 0xfeff, ""}, /* byte order mark */
};

static int compare(const void *key, const void *entry)
{
    uint32_t c = *(const uint32_t *)key;
    const struct meaning *m = entry;
    return c < m->first ? -1 : c > m->last;
}

/* U+FF01 to U+FF5E, the full-width forms of ! to ~. */
static const char *full_width(uint32_t c)
{
    static const char ascii[] =
        "!\0\"\0#\0$\0%\0&\0'\0(\0)\0*\0+\0,\0-\0.\0/\0"
        "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0:\0;\0<\0=\0>\0?\0@\0"
        "A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0M\0N\0O\0P\0Q\0R\0S\0T\0U\0V\0W\0"
        "X\0Y\0Z\0[\0\\\0]\0^\0_\0`\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0"
        "o\0p\0q\0r\0s\0t\0u\0v\0w\0x\0y\0z\0{\0|\0}\0~";
    return ascii + 2 * (size_t)(c - 0xff01);
}

const char *glyph_meaning(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        return full_width(c);
    const struct meaning *m =
        bsearch(&c, meanings, sizeof(meanings) / sizeof(meanings[0]), sizeof(meanings[0]), compare);
    return m != NULL ? m->ascii : NULL;
}
