/* See target_line.h. */
#include "wire/target_line.h"

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

static enum status take_name(struct target_line *t, struct text_span host, struct fault *fault)
{
    char shown[TEXT_SHOWN_MAX];
    if (host.n >= sizeof(t->name))
        return fault_set(fault, STATUS_MALFORMED, "host name of %zu characters: at most %d", host.n,
                         TARGET_LINE_NAME_MAX - 1);
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.s[i];
        if (c <= 0x20 || c == 0x7f || strchr("[]@%,*", c) != NULL)
            return fault_set(fault, STATUS_MALFORMED, "'%s' is no host name or address",
                             text_shown(host.s, host.n, shown));
    }
    memcpy(t->name, host.s, host.n);
    t->name[host.n] = '\0';
    t->kind = TARGET_LINE_NAME;
    return STATUS_OK;
}

static enum status take_block(struct target_line *t, struct text_span host, struct fault *fault)
{
    enum status s = block_parse(&t->block, host.s, host.n, fault);
    if (s == STATUS_OK)
        t->kind = TARGET_LINE_BLOCK;
    return s;
}

/* "[BLOCK]", and what follows it in `rest`. */
static enum status cut_bracket(struct text_span word, struct text_span *host,
                               struct text_span *rest, struct fault *fault)
{
    char shown[TEXT_SHOWN_MAX];
    const char *close = memchr(word.s, ']', word.n);
    if (close == NULL)
        return fault_set(fault, STATUS_MALFORMED, "'%s' has no closing ']'",
                         text_shown(word.s, word.n, shown));
    *host = (struct text_span){word.s + 1, (size_t)(close - word.s) - 1};
    *rest = (struct text_span){close + 1, word.n - host->n - 2};
    if (!holds(*host, ':'))
        return fault_set(fault, STATUS_MALFORMED, "'%s' is not IPv6 (only that goes in [])",
                         text_shown(host->s, host->n, shown));
    if (rest->n != 0 && rest->s[0] != ':')
        return fault_set(fault, STATUS_MALFORMED, "after ']' comes :PORTS, not '%s'",
                         text_shown(rest->s, rest->n, shown));
    return STATUS_OK;
}

/* The host, and ":PORTS" or nothing in `rest`. */
static enum status cut(struct text_span word, struct text_span *host, struct text_span *rest,
                       struct fault *fault)
{
    if (word.s[0] == '[')
        return cut_bracket(word, host, rest, fault);
    const char *colon = memchr(word.s, ':', word.n);
    size_t n = colon != NULL ? (size_t)(colon - word.s) : word.n;
    if (colon != NULL && memchr(colon + 1, ':', word.n - n - 1) != NULL)
        n = word.n; /* it can only be IPv6 */
    *host = (struct text_span){word.s, n};
    *rest = (struct text_span){word.s + n, word.n - n};
    return STATUS_OK;
}

enum status target_line_parse(struct target_line *t, const char *line, size_t n,
                              struct fault *fault)
{
    char shown[TEXT_SHOWN_MAX];
    struct text_span word = text_word((struct text_span){line, n});
    struct text_span host = word, rest = {word.s, 0};
    t->kind = TARGET_LINE_EMPTY;
    t->ports = (struct ports){0};
    if (word.n == 0)
        return STATUS_OK;
    if (holds(word, ' ') || holds(word, '\t'))
        return fault_set(fault, STATUS_MALFORMED, "'%s': one target a line, without blanks",
                         text_shown(word.s, word.n, shown));
    enum status s = cut(word, &host, &rest, fault);
    if (s != STATUS_OK)
        return s;
    if (host.n == 0)
        return fault_set(fault, STATUS_MALFORMED, "the host is missing in '%s'",
                         text_shown(word.s, word.n, shown));
    s = is_block(host) ? take_block(t, host, fault) : take_name(t, host, fault);
    if (s == STATUS_OK && rest.n != 0)
        s = ports_parse(&t->ports, rest.s + 1, rest.n - 1, NULL, fault);
    if (s != STATUS_OK)
        t->kind = TARGET_LINE_EMPTY;
    return s;
}

void target_line_done(struct target_line *t)
{
    ports_done(&t->ports);
    t->kind = TARGET_LINE_EMPTY;
}
