/* See payload.h. */
#include "cli/payload.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status append(struct payload *p, const void *data, size_t n, struct fault *fault)
{
    if (n > PAYLOAD_MAX - p->len)
        return fault_set(fault, STATUS_MALFORMED, "more than %d octets to say", PAYLOAD_MAX);
    if (n == 0)
        return STATUS_OK;
    uint8_t *grown = realloc(p->data, p->len + n);
    if (grown == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    memcpy(grown + p->len, data, n);
    p->data = grown;
    p->len += n;
    return STATUS_OK;
}

static enum status append_file(struct payload *p, const char *name, struct fault *fault)
{
    char buffer[4096];
    size_t n;
    enum status s = STATUS_OK;
    FILE *f = fopen(name, "rbe");
    if (f == NULL)
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    while (s == STATUS_OK && (n = fread(buffer, 1, sizeof(buffer), f)) > 0)
        s = append(p, buffer, n, fault);
    if (s == STATUS_OK && ferror(f))
        s = fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    (void)fclose(f);
    return s;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The octet an escape stands for; `*used` characters after the backslash. False: no such escape. */
static bool unescape(const char *s, size_t *used, char *out)
{
    static const char names[] = "rnt0\\", octets[] = "\r\n\t\0\\";
    const char *at = s[0] != '\0' ? strchr(names, s[0]) : NULL;
    *used = 1;
    if (at != NULL) {
        *out = octets[at - names];
        return true;
    }
    if (s[0] != 'x' || !isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
        return false;
    *used = 3;
    *out = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
    return true;
}

enum status payload_append(struct payload *p, const char *text, struct fault *fault)
{
    enum status s = STATUS_OK;
    if (text[0] == '@')
        return append_file(p, text + 1, fault);
    for (size_t i = 0; s == STATUS_OK && text[i] != '\0'; i++) {
        char c = text[i];
        size_t used = 0;
        if (c == '\\' && !unescape(text + i + 1, &used, &c))
            return fault_set(fault, STATUS_MALFORMED,
                             "'\\%c' is no escape; there are \\r \\n \\t \\0 \\\\ \\xHH",
                             text[i + 1] != '\0' ? text[i + 1] : ' ');
        i += used;
        s = append(p, &c, 1, fault);
    }
    return s;
}

void payload_done(struct payload *p)
{
    free(p->data);
    *p = (struct payload){0};
}
