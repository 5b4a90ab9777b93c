/* Targets as typed: the first line is the target, the second, if there is one, the port as a word
 * of its own. A target is either refused with one printable line, or taken apart into parts that
 * parse to themselves when put together again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition)
{
    if (!condition)
        abort();
}

static void judge_refusal(enum status s, const struct fault *fault)
{
    demand(s == STATUS_MALFORMED);
    demand(memchr(fault->text, '\0', sizeof(fault->text)) != NULL && fault->text[0] != '\0');
    for (const char *c = fault->text; *c != '\0'; c++)
        demand((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void judge_parts(const struct resolve_target *t)
{
    struct resolve_target again;
    size_t host = strnlen(t->host, sizeof(t->host));
    size_t port = strnlen(t->port, sizeof(t->port));
    demand(host > 0 && host < sizeof(t->host) && port > 0 && port < sizeof(t->port));
    demand(strpbrk(t->host, "[]/ \n") == NULL && strpbrk(t->port, ":[]/ \n") == NULL);
    demand(resolve_parse(&again, t->host, t->port, NULL) == STATUS_OK);
    demand(strcmp(again.host, t->host) == 0 && strcmp(again.port, t->port) == 0);
    char joined[RESOLVE_HOST_MAX + RESOLVE_PORT_MAX + 4];
    char *end = joined;
    int bracket = strchr(t->host, ':') != NULL;
    end = stpcpy(stpcpy(stpcpy(end, bracket ? "[" : ""), t->host), bracket ? "]:" : ":");
    (void)stpcpy(end, t->port);
    demand(resolve_parse(&again, joined, NULL, NULL) == STATUS_OK);
    demand(strcmp(again.host, t->host) == 0 && strcmp(again.port, t->port) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = {""};
    struct resolve_target t;
    char *text = malloc(size + 1);
    demand(text != NULL);
    if (size != 0)
        memcpy(text, data, size);
    text[size] = '\0';
    char *port = strchr(text, '\n');
    if (port != NULL)
        *port++ = '\0';
    enum status s = resolve_parse(&t, text, port, &fault);
    if (s == STATUS_OK)
        judge_parts(&t);
    else
        judge_refusal(s, &fault);
    free(text);
    return 0;
}
