/* See target_line.h. */
#include "targets/target_line.h"

#include <string.h>

#include "base/text.h"

static bool holds(struct text_span t, char c)
{
    return t.n != 0 && memchr(t.s, c, t.n) != NULL;
}

/* Whether it is meant to be a block: only a name has letters and no colon. */
static bool is_block(struct text_span host)
{
    if (holds(host, ':') || holds(host, '/'))
        return true;
    for (size_t i = 0; i < host.n; i++) {
        if (host.s[i] != '.' && host.s[i] != '-' && (host.s[i] < '0' || host.s[i] > '9'))
            return false;
    }
    return true;
}

/* The host, and ":PORTS" or nothing in `rest`. */
static enum status cut(struct text_span word, struct text_span *host, struct text_span *rest,
                       struct fault *fault)
{
    if (word.s[0] != '[') {
        const char *colon = memchr(word.s, ':', word.n);
        size_t n = colon != NULL ? (size_t)(colon - word.s) : word.n;
        if (colon != NULL && memchr(colon + 1, ':', word.n - n - 1) != NULL)
            n = word.n; /* it can only be IPv6 */
        *host = (struct text_span){word.s, n};
        *rest = (struct text_span){word.s + n, word.n - n};
        return STATUS_OK;
    }
    const char *close = memchr(word.s, ']', word.n);
    if (close == NULL)
        return text_refuse(fault, "", word, " has no closing ']'");
    *host = (struct text_span){word.s + 1, (size_t)(close - word.s) - 1};
    *rest = (struct text_span){close + 1, word.n - host->n - 2};
    if (!holds(*host, ':'))
        return text_refuse(fault, "", *host, " is not IPv6 (only that goes in [])");
    if (rest->n != 0 && rest->s[0] != ':')
        return text_refuse(fault, "after ']' comes :PORTS, not ", *rest, "");
    return STATUS_OK;
}

enum status target_line_parse(struct target_line *t, const char *line, size_t n,
                              struct fault *fault)
{
    struct text_span word = text_word((struct text_span){line, n}), host = word, rest = word;
    t->kind = TARGET_LINE_EMPTY;
    t->ports = (struct ports){0};
    if (word.n == 0)
        return STATUS_OK;
    if (holds(word, ' ') || holds(word, '\t'))
        return text_refuse(fault, "", word, ": one target a line, without blanks");
    enum status s = cut(word, &host, &rest, fault);
    if (s != STATUS_OK)
        return s;
    if (host.n == 0)
        return text_refuse(fault, "the host is missing in ", word, "");
    bool block = is_block(host);
    s = block ? block_parse(&t->block, host.s, host.n, fault)
              : text_host(t->name, sizeof(t->name), host, "[]@%,*", fault);
    if (s == STATUS_OK && rest.n != 0)
        s = ports_parse(&t->ports, rest.s + 1, rest.n - 1, NULL, fault);
    if (s == STATUS_OK)
        t->kind = block ? TARGET_LINE_BLOCK : TARGET_LINE_NAME;
    return s;
}

void target_line_done(struct target_line *t)
{
    ports_done(&t->ports);
    t->kind = TARGET_LINE_EMPTY;
}
